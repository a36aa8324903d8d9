// What both clients are put through. `environment` is all that they see of Azure; `replies` scripts the emulator;
// `tools` are programs on an otherwise empty PATH; `outcome` is what the official client must come to, so that a
// scenario that stops to test anything is noticed; `accepted` names each difference that is meant, with its reason.

const throttled = { status: 429, headers: { 'Retry-After': '1' }, path: '/token', body: { error: 'temporarily_unavailable' } };
const broken = { status: 500, path: '/token', body: { error: 'server_error' } };
const unknownTenant = 'ffffffff-ffff-4fff-8fff-ffffffffffff';
const token = { token: true };
const withoutSecret = ({ AZURE_CLIENT_SECRET: _, ...rest }) => rest;

const notRepeated = {
  difference: /^request (count: official 3, ours 2|[23] )/,
  reason: 'the official client asks for two OIDC tokens and uses one',
};
const refusedServer =
  /^(request count: official 1, ours 0|outcome error: official nothing, ours failed|outcome lifetime: .*ours undefined|outcome (token|audience|principal|client|tenant): .*ours nothing)$/;
const ownThumbprint = {
  difference: refusedServer,
  reason: 'the official client does not look at the thumbprint; ours tells no secret to a server that is not the pinned one',
};

const namesScope = {
  difference:
    /^tool 1 options (--resource: official https:\/\/vault\.azure\.net, ours nothing|--scope: official nothing, ours https:\/\/vault\.azure\.net\/\.default)$/,
  reason: 'az takes a resource or a scope: ours passes the scope as it is, as the libraries for C++ and Rust do',
};
const scopeOnce = {
  difference: /^request 2 form scope: official https:\/\/vault\.azure\.net\/\.default, ours nothing$/,
  reason: 'the device code stands for the scope already (RFC 8628 section 3.4)',
};

export const scenarios = [
  {
    name: 'client secret',
    credential: 'ClientSecretCredential',
    environment: ({ variables }) => variables.entra,
    outcome: token,
  },
  {
    name: 'client secret, wrong',
    credential: 'ClientSecretCredential',
    environment: ({ variables }) => ({ ...variables.entra, AZURE_CLIENT_SECRET: 'wrong' }),
    outcome: { code: 'AADSTS7000215' },
  },
  {
    name: 'client secret, with characters to be encoded',
    credential: 'ClientSecretCredential',
    environment: ({ variables }) => ({ ...variables.entra, AZURE_CLIENT_SECRET: 'a+b/c=d&e f%20~é' }),
    outcome: { code: 'AADSTS7000215' },
  },
  {
    name: 'client secret, unknown tenant',
    credential: 'ClientSecretCredential',
    environment: ({ variables }) => ({ ...variables.entra, AZURE_TENANT_ID: unknownTenant }),
    outcome: { error: 'unavailable' },
    accepted: [
      {
        difference: /^(request count: official 0, ours 1|outcome error: official unavailable, ours failed|outcome code: official nothing, ours AADSTS90002)$/,
        reason: 'the official client asks for the metadata of the tenant first, fails there and loses the code',
      },
    ],
  },
  {
    name: 'client secret, unknown application',
    credential: 'ClientSecretCredential',
    environment: ({ variables }) => ({ ...variables.entra, AZURE_CLIENT_ID: unknownTenant }),
    outcome: { code: 'AADSTS700016' },
  },
  {
    name: 'client secret, throttled once',
    credential: 'ClientSecretCredential',
    environment: ({ variables }) => variables.entra,
    replies: { entra: [throttled] },
    outcome: token,
  },
  {
    name: 'client secret, 500 once',
    credential: 'ClientSecretCredential',
    environment: ({ variables }) => variables.entra,
    replies: { entra: [broken] },
    outcome: token,
  },
  {
    name: 'certificate, PEM',
    credential: 'ClientCertificateCredential',
    environment: ({ variables }) => variables.certificate,
    outcome: token,
  },
  {
    name: 'certificate, PEM with chain, sent',
    credential: 'ClientCertificateCredential',
    environment: ({ variables, identity }) => ({
      ...variables.certificate,
      AZURE_CLIENT_CERTIFICATE_PATH: identity.certificate_chain_file,
      AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true',
    }),
    outcome: token,
  },
  {
    name: 'certificate, PEM with chain, not sent',
    credential: 'ClientCertificateCredential',
    environment: ({ variables, identity }) => ({
      ...variables.certificate,
      AZURE_CLIENT_CERTIFICATE_PATH: identity.certificate_chain_file,
    }),
    outcome: token,
  },
  {
    name: 'certificate, not registered',
    credential: 'ClientCertificateCredential',
    environment: ({ variables, strangerCertificate }) => ({
      ...variables.certificate,
      AZURE_CLIENT_CERTIFICATE_PATH: strangerCertificate,
    }),
    outcome: { code: 'AADSTS700027' },
  },
  {
    name: 'environment, secret',
    credential: 'EnvironmentCredential',
    environment: ({ variables }) => variables.entra,
    outcome: token,
  },
  {
    name: 'environment, certificate',
    credential: 'EnvironmentCredential',
    environment: ({ variables }) => variables.certificate,
    outcome: token,
  },
  {
    name: 'environment, certificate chain by variable',
    credential: 'EnvironmentCredential',
    environment: ({ variables, identity }) => ({
      ...variables.certificate,
      AZURE_CLIENT_CERTIFICATE_PATH: identity.certificate_chain_file,
      AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true',
    }),
    outcome: token,
  },
  {
    name: 'environment, nothing set',
    credential: 'EnvironmentCredential',
    environment: () => ({}),
    outcome: { error: 'unavailable' },
  },
  {
    name: 'workload identity',
    credential: 'WorkloadIdentityCredential',
    environment: ({ variables }) => variables.workload,
    outcome: token,
  },
  {
    name: 'workload identity, wrong subject',
    credential: 'WorkloadIdentityCredential',
    environment: ({ variables }) => variables.workload,
    subject: 'system:serviceaccount:default:other',
    outcome: { code: 'AADSTS700213' },
  },
  {
    name: 'Azure Pipelines',
    credential: 'AzurePipelinesCredential',
    environment: ({ variables }) => variables.pipelines,
    outcome: token,
    accepted: [notRepeated],
  },
  {
    name: 'Azure Pipelines, wrong access token',
    credential: 'AzurePipelinesCredential',
    environment: ({ variables }) => ({ ...variables.pipelines, SYSTEM_ACCESSTOKEN: 'wrong' }),
    outcome: { error: 'failed' },
  },
  {
    name: 'managed identity, App Service',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables['app-service'],
    outcome: token,
  },
  ...['clientId', 'objectId', 'resourceId'].map((kind) => ({
    name: `managed identity, App Service, by ${kind}`,
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables['app-service'],
    select: kind,
    outcome: token,
  })),
  {
    name: 'managed identity, App Service, unknown client id',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables['app-service'],
    select: 'clientId',
    selected: () => unknownTenant,
    outcome: { error: 'unavailable' },
  },
  {
    name: 'managed identity, App Service, throttled once',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables['app-service'],
    replies: { 'app-service': [throttled] },
    outcome: token,
  },
  {
    name: 'managed identity, App Service of 2017',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables['app-service-2017'],
    outcome: token,
    accepted: [
      {
        difference: /^outcome lifetime: official -?[0-9], ours 8639[0-9]$/,
        reason: 'the official client cannot read a date, so that its token is over at once; ours can',
      },
    ],
  },
  {
    name: 'managed identity, IMDS',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables.imds,
    outcome: token,
  },
  ...['clientId', 'objectId', 'resourceId'].map((kind) => ({
    name: `managed identity, IMDS, by ${kind}`,
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables.imds,
    select: kind,
    outcome: token,
  })),
  {
    name: 'managed identity, IMDS, 404 once',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables.imds,
    replies: { imds: [{ status: 404 }] },
    outcome: token,
  },
  {
    name: 'managed identity, Azure Arc',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables.arc,
    outcome: token,
  },
  {
    name: 'managed identity, Cloud Shell',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables['cloud-shell'],
    outcome: token,
  },
  {
    name: 'managed identity, Azure ML',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables['azure-ml'],
    outcome: token,
  },
  {
    name: 'managed identity, Service Fabric',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => variables['service-fabric'],
    outcome: token,
  },
  {
    name: 'managed identity, Service Fabric, wrong pin',
    credential: 'ManagedIdentityCredential',
    environment: ({ variables }) => ({ ...variables['service-fabric'], IDENTITY_SERVER_THUMBPRINT: '0'.repeat(40) }),
    outcome: token,
    accepted: [ownThumbprint],
  },
  {
    name: 'az',
    credential: 'AzureCliCredential',
    environment: () => ({}),
    tools: ({ azReply }) => ({ az: { stdout: azReply } }),
    outcome: token,
    accepted: [namesScope],
  },
  {
    name: 'az, not logged in',
    credential: 'AzureCliCredential',
    environment: () => ({}),
    tools: () => ({ az: { stderr: "ERROR: Please run 'az login' to setup account.", exit: 1 } }),
    outcome: { error: 'unavailable' },
    accepted: [namesScope],
  },
  {
    name: 'az, not installed',
    credential: 'AzureCliCredential',
    environment: () => ({}),
    outcome: { error: 'unavailable' },
  },
  {
    name: 'azd',
    credential: 'AzureDeveloperCliCredential',
    environment: () => ({}),
    tools: ({ azdReply }) => ({ azd: { stdout: azdReply } }),
    outcome: token,
  },
  {
    name: 'azd, not installed',
    credential: 'AzureDeveloperCliCredential',
    environment: () => ({}),
    outcome: { error: 'unavailable' },
  },
  {
    name: 'on behalf of a user, secret',
    credential: 'OnBehalfOfCredential',
    environment: ({ variables, userAssertionFile }) => ({ ...variables.entra, AZF_USER_ASSERTION_FILE: userAssertionFile }),
    outcome: token,
  },
  {
    name: 'on behalf of a user, certificate',
    credential: 'OnBehalfOfCredential',
    environment: ({ variables, userAssertionFile }) => ({
      ...variables.certificate,
      AZF_USER_ASSERTION_FILE: userAssertionFile,
    }),
    outcome: token,
  },
  {
    name: 'on behalf of nobody, a token of an application',
    credential: 'OnBehalfOfCredential',
    environment: ({ variables, strangeAssertionFile }) => ({
      ...variables.entra,
      AZF_USER_ASSERTION_FILE: strangeAssertionFile,
    }),
    outcome: { code: 'AADSTS50013' },
  },
  {
    name: 'device code, approved',
    credential: 'DeviceCodeCredential',
    environment: ({ variables }) => withoutSecret(variables.entra),
    select: 'clientId',
    selected: ({ identity }) => identity.application.client_id,
    person: 'approve',
    outcome: token,
    accepted: [scopeOnce],
  },
  {
    name: 'device code, declined',
    credential: 'DeviceCodeCredential',
    environment: ({ variables }) => withoutSecret(variables.entra),
    select: 'clientId',
    selected: ({ identity }) => identity.application.client_id,
    person: 'decline',
    outcome: { error: 'failed' },
    accepted: [scopeOnce],
  },
  {
    name: 'default, nothing configured',
    credential: 'DefaultAzureCredential',
    environment: ({ nowhere }) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: nowhere }),
    outcome: { error: 'unavailable' },
  },
  {
    name: 'default, secret in the environment',
    credential: 'DefaultAzureCredential',
    environment: ({ variables }) => variables.entra,
    outcome: token,
  },
  {
    name: 'default, wrong secret in the environment stops',
    credential: 'DefaultAzureCredential',
    environment: ({ variables }) => ({ ...variables['app-service'], ...variables.entra, AZURE_CLIENT_SECRET: 'wrong' }),
    tools: ({ azReply }) => ({ az: { stdout: azReply } }),
    outcome: { code: 'AADSTS7000215' },
  },
  {
    name: 'default, App Service',
    credential: 'DefaultAzureCredential',
    environment: ({ variables }) => variables['app-service'],
    outcome: token,
  },
  {
    name: 'default, App Service, client id by variable',
    credential: 'DefaultAzureCredential',
    environment: ({ variables, identity }) => ({
      ...variables['app-service'],
      AZURE_CLIENT_ID: identity.user_assigned[0].client_id,
    }),
    outcome: token,
  },
  {
    name: 'default, workload identity',
    credential: 'DefaultAzureCredential',
    environment: ({ variables }) => variables.workload,
    outcome: token,
  },
  {
    name: 'default, az after an unreachable IMDS',
    credential: 'DefaultAzureCredential',
    environment: ({ nowhere }) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: nowhere }),
    tools: ({ azReply }) => ({ az: { stdout: azReply } }),
    outcome: token,
    accepted: [namesScope],
  },
  {
    name: 'default, developer tools only',
    credential: 'DefaultAzureCredential',
    environment: ({ variables }) => ({ ...variables.entra, ...variables['app-service'], AZURE_TOKEN_CREDENTIALS: 'dev' }),
    tools: ({ azReply }) => ({ az: { stdout: azReply } }),
    outcome: token,
    accepted: [namesScope],
  },
  {
    name: 'default, deployed only',
    credential: 'DefaultAzureCredential',
    environment: ({ nowhere }) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: nowhere, AZURE_TOKEN_CREDENTIALS: 'prod' }),
    tools: ({ azReply }) => ({ az: { stdout: azReply } }),
    outcome: { error: 'unavailable' },
  },
  {
    name: 'default, one member by name',
    credential: 'DefaultAzureCredential',
    environment: ({ variables }) => ({
      ...variables.entra,
      ...variables['app-service'],
      AZURE_CLIENT_ID: '',
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    }),
    outcome: token,
  },
];
