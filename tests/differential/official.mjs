// Gets one token with the official library and prints the outcome as JSON. Configured by variables, like our program;
// what its constructors want as arguments is taken from the same variables.
import { readFileSync } from 'node:fs';
import * as identity from '@azure/identity';

const { credential: name, scope, select = {} } = JSON.parse(process.argv[2]);
const env = process.env;
// The emulated authority is not one that Microsoft's discovery vouches for.
const options = { authorityHost: env.AZURE_AUTHORITY_HOST, disableInstanceDiscovery: true };

const certificate = () => ({
  certificatePath: env.AZURE_CLIENT_CERTIFICATE_PATH,
  certificatePassword: env.AZURE_CLIENT_CERTIFICATE_PASSWORD,
});
const sendCertificateChain = ['1', 'true'].includes(env.AZURE_CLIENT_SEND_CERTIFICATE_CHAIN?.toLowerCase());

const makers = {
  AzureCliCredential: () => new identity.AzureCliCredential(),
  AzureDeveloperCliCredential: () => new identity.AzureDeveloperCliCredential(),
  AzurePipelinesCredential: () =>
    new identity.AzurePipelinesCredential(
      env.AZURESUBSCRIPTION_TENANT_ID,
      env.AZURESUBSCRIPTION_CLIENT_ID,
      env.AZURESUBSCRIPTION_SERVICE_CONNECTION_ID,
      env.SYSTEM_ACCESSTOKEN,
      options,
    ),
  ClientCertificateCredential: () =>
    new identity.ClientCertificateCredential(env.AZURE_TENANT_ID, env.AZURE_CLIENT_ID, certificate(), {
      ...options,
      sendCertificateChain,
    }),
  ClientSecretCredential: () =>
    new identity.ClientSecretCredential(env.AZURE_TENANT_ID, env.AZURE_CLIENT_ID, env.AZURE_CLIENT_SECRET, options),
  DefaultAzureCredential: () => new identity.DefaultAzureCredential(options),
  DeviceCodeCredential: () =>
    new identity.DeviceCodeCredential({
      ...options,
      tenantId: env.AZURE_TENANT_ID,
      clientId: env.AZURE_CLIENT_ID,
      userPromptCallback: () => {},
    }),
  EnvironmentCredential: () => new identity.EnvironmentCredential(options),
  ManagedIdentityCredential: () => new identity.ManagedIdentityCredential({ ...options, ...select }),
  OnBehalfOfCredential: () =>
    new identity.OnBehalfOfCredential({
      ...options,
      tenantId: env.AZURE_TENANT_ID,
      clientId: env.AZURE_CLIENT_ID,
      userAssertionToken: readFileSync(env.AZF_USER_ASSERTION_FILE, 'utf8').trim(),
      ...(env.AZURE_CLIENT_SECRET
        ? { clientSecret: env.AZURE_CLIENT_SECRET }
        : { certificatePath: env.AZURE_CLIENT_CERTIFICATE_PATH, sendCertificateChain }),
    }),
  WorkloadIdentityCredential: () => new identity.WorkloadIdentityCredential(options),
};

// An error that says nothing but "all of these failed" is as unavailable as its parts.
function kindOf(error) {
  if (error.name === 'AggregateAuthenticationError') {
    return error.errors.every((each) => kindOf(each) === 'unavailable') ? 'unavailable' : 'failed';
  }
  if (error.name === 'CredentialUnavailableError') return 'unavailable';
  return 'failed';
}

try {
  const { token, expiresOnTimestamp } = await makers[name]().getToken(scope);
  console.log(JSON.stringify({ token, expires_on: Math.round(expiresOnTimestamp / 1000) }));
} catch (error) {
  console.log(JSON.stringify({ error: { kind: kindOf(error), message: String(error.message) } }));
}
