#include "emulator/services/blob_service.h"

#include "emulator_tests/service_fixture.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

struct Fixture : ServiceFixture {
  BlobService service{"https://127.0.0.1:1/account", "https://127.0.0.1:2/tenant", issuer, clock};
  const std::string good = token("https://storage.azure.com/");

  Reply send(const std::string& method, const std::string& target, const std::string& body = "", Headers headers = {}) {
    headers.push_back({"x-ms-version", "2021-12-02"});
    return ask(service, good, method, target, body, std::move(headers));
  }
  Reply put(const std::string& target, const std::string& body, Headers headers = {}) {
    headers.push_back({"x-ms-blob-type", "BlockBlob"});
    return send("PUT", target, body, std::move(headers));
  }
};

std::string header(const Reply& reply, std::string_view name) {
  const std::string* value = find_header(reply.headers, name);
  return value == nullptr ? "" : *value;
}

// What stands between `<name>` and `</name>`, each time.
std::vector<std::string> elements(const std::string& xml, const std::string& name) {
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = xml.find("<" + name + ">", at)) != std::string::npos;) {
    at += name.size() + 2;
    found.push_back(xml.substr(at, xml.find("</" + name + ">", at) - at));
  }
  return found;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "keeps blobs with what was said about them") {
  const Reply stored = put("/files/a%20%23%3F%25/%C3%BC.txt", "hello",
                           {{"x-ms-blob-content-type", "text/plain"}, {"x-ms-meta-Color", "red"}});
  CHECK(stored.status == 201);
  const Reply reply = send("GET", "/files/a%20%23%3F%25/%C3%BC.txt");
  CHECK(reply.status == 200);
  CHECK(reply.body == "hello");
  CHECK(header(reply, "Content-Type") == "text/plain");
  CHECK(header(reply, "x-ms-meta-color") == "red");
  CHECK(header(reply, "ETag") == header(stored, "ETag"));
  CHECK(header(reply, "Last-Modified") == "Fri, 02 Jan 2026 03:04:05 GMT");
  const Reply head = send("HEAD", "/files/a%20%23%3F%25/%C3%BC.txt");
  CHECK(head.body.empty());
  CHECK(header(head, "Content-Length") == "5");
  CHECK(send("DELETE", "/files/a%20%23%3F%25/%C3%BC.txt").status == 202);
  const Reply gone = send("HEAD", "/files/a%20%23%3F%25/%C3%BC.txt");
  CHECK(gone.status == 404);
  CHECK(header(gone, "x-ms-error-code") == "BlobNotFound");
}

TEST_CASE_FIXTURE(Fixture, "gives parts of a blob") {
  put("/files/a", "0123456789");
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"bytes=0-3", "0123"}, {"bytes=8-", "89"}, {"bytes=8-99", "89"}, {"bytes=3-2", "0123456789"}};
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const auto& [range, content] = row;
    CHECK(send("GET", "/files/a", "", {{"x-ms-range", range}}).body == content);
    CHECK(send("GET", "/files/a", "", {{"Range", range}}).body == content);
  }
  const Reply part = send("GET", "/files/a", "", {{"Range", "bytes=1-2"}});
  CHECK(part.status == 206);
  CHECK(header(part, "Content-Range") == "bytes 1-2/10");
  const Reply beyond = send("GET", "/files/a", "", {{"Range", "bytes=10-"}});
  CHECK(beyond.status == 416);
  CHECK(header(beyond, "x-ms-error-code") == "InvalidRange");
}

TEST_CASE_FIXTURE(Fixture, "heeds conditions") {
  CHECK(put("/files/a", "1", {{"If-Match", "*"}}).status == 412);
  const std::string first = header(put("/files/a", "1", {{"If-None-Match", "*"}}), "ETag");
  const Reply again = put("/files/a", "2", {{"If-None-Match", "*"}});
  CHECK(again.status == 409);
  CHECK(header(again, "x-ms-error-code") == "BlobAlreadyExists");
  CHECK(send("GET", "/files/a", "", {{"If-None-Match", first}}).status == 304);
  CHECK(put("/files/a", "2", {{"If-Match", first}}).status == 201);
  CHECK(send("GET", "/files/a", "", {{"If-None-Match", first}}).body == "2");
  CHECK(put("/files/a", "3", {{"If-Match", first}}).status == 412);
  CHECK(send("DELETE", "/files/a", "", {{"If-Match", first}}).status == 412);
}

TEST_CASE_FIXTURE(Fixture, "makes a blob of blocks") {
  const auto block = [&](const std::string& id, const std::string& content) {
    return send("PUT", "/files/big?comp=block&blockid=" + id, content).status;
  };
  CHECK(block("MDE%3D", "one ") == 201);
  CHECK(block("MDI%3D", "two ") == 201);
  CHECK(block("MTAwMDA%3D", "of another length") == 400);
  CHECK(send("GET", "/files/big").status == 404);
  const std::string list =
      "<?xml version=\"1.0\"?><BlockList><Latest>MDI=</Latest><Uncommitted>MDE=</Uncommitted></BlockList>";
  CHECK(send("PUT", "/files/big?comp=blocklist", list, {{"x-ms-blob-content-type", "text/x"}}).status == 201);
  CHECK(send("GET", "/files/big").body == "two one ");
  CHECK(header(send("PUT", "/files/big?comp=blocklist", list), "x-ms-error-code") == "InvalidBlockList");
  CHECK(header(send("PUT", "/files/big?comp=blocklist", "x"), "x-ms-error-code") == "InvalidXmlDocument");
}

TEST_CASE_FIXTURE(Fixture, "lists blobs page by page, folders as one") {
  for (const char* name : {"a.txt", "b%2Fx.txt", "b%2Fy.txt", "b%2Fz%2F1", "c%26%3Cd%3E.txt", "c%01"}) {
    put("/files/" + std::string(name), "x", {{"x-ms-meta-k", "v&"}});
  }
  const std::string target = "/files?restype=container&comp=list";
  const std::string all = send("GET", target + "&include=metadata").body;
  CHECK(elements(all, "Name").size() == 5);
  CHECK(all.find("<Name Encoded=\"true\">c%01</Name>") != std::string::npos);
  CHECK(all.find("<Name>c&amp;&lt;d&gt;.txt</Name>") != std::string::npos);
  CHECK(elements(all, "k").front() == "v&amp;");
  CHECK(all.find("<NextMarker />") != std::string::npos);
  std::vector<std::string> names;
  std::string marker;
  int pages = 0;
  do {
    const std::string page = send("GET", target + "&delimiter=/&maxresults=2&marker=" + marker).body;
    for (const auto& name : elements(page, "Name")) names.push_back(name);
    const auto next = elements(page, "NextMarker");
    marker = next.empty() ? "" : next.front();
    ++pages;
  } while (!marker.empty());
  CHECK(pages == 2);
  CHECK(names == std::vector<std::string>{"a.txt", "b/", "c&amp;&lt;d&gt;.txt"});
  const std::string below = send("GET", target + "&prefix=b/&delimiter=/").body;
  CHECK(elements(below, "Name") == std::vector<std::string>{"b/x.txt", "b/y.txt", "b/z/"});
}

TEST_CASE_FIXTURE(Fixture, "keeps containers") {
  CHECK(send("PUT", "/more?restype=container").status == 201);
  CHECK(send("PUT", "/more?restype=container").status == 409);
  CHECK(put("/more/a", "x").status == 201);
  CHECK(send("HEAD", "/more?restype=container").status == 200);
  CHECK(send("DELETE", "/more?restype=container").status == 202);
  CHECK(header(send("GET", "/more/a"), "x-ms-error-code") == "ContainerNotFound");
}

TEST_CASE_FIXTURE(Fixture, "refuses as Blob storage does") {
  const auto ask_with = [&](const std::string& bearer, const Headers& headers) {
    return ask(service, bearer, "GET", "/files/a", "", headers);
  };
  const Headers version = {{"x-ms-version", "2021-12-02"}};
  const Reply challenge = ask_with("", version);
  CHECK(challenge.status == 401);
  CHECK(header(challenge, "WWW-Authenticate") ==
        "Bearer authorization_uri=https://127.0.0.1:2/tenant/oauth2/authorize resource_id=https://storage.azure.com");
  CHECK(ask_with(token("https://vault.azure.net"), version).status == 401);
  for (const auto& headers : {Headers{}, Headers{{"x-ms-version", "2016-05-31"}}, Headers{{"x-ms-version", "x"}}}) {
    const Reply reply = ask_with(good, headers);
    CHECK(reply.status == 403);
    CHECK(header(reply, "x-ms-error-code") == "AuthenticationFailed");
  }
  CHECK(header(send("PUT", "/files/a", "x"), "x-ms-error-code") == "InvalidHeaderValue");
  CHECK(header(send("GET", "/Bad_Name/a"), "x-ms-error-code") == "InvalidResourceName");
  CHECK(send("GET", "/files?comp=list").status == 400);
  CHECK(send("GET", "/files/a?comp=tags").status == 400);
  CHECK(send("GET", "/files?restype=container&comp=list&maxresults=0").status == 400);
  CHECK(header(service.failure(403), "x-ms-error-code") == "AuthorizationPermissionMismatch");
}

TEST_SUITE_END();

}  // namespace azf::emulator
