#include "azure/blob_client.h"
#include "http/url.h"
#include "support/fake_caller.h"
#include "support/test_app.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::Headers;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::Json;
using azf::Method;
using azf::test::fake_token;
using azf::test::FakeCaller;
using azf::test::json_body;

constexpr auto kContainerUrl = "https://a.blob.core.windows.net/files";
constexpr std::size_t kBlock = azf::azure::BlobClient::kBlockBytes;

using Settings = std::map<std::string, std::string>;
const Settings kSettings = {{"AZURE_STORAGE_BLOB_ENDPOINT", "https://a.blob.core.windows.net/"}};

// An app with a storage account, and a token for each of some calls.
struct FilesApp : azf::test::TestApp {
  explicit FilesApp(const Settings& settings = kSettings) : TestApp(settings) {
    for (int i = 0; i < 8; ++i)
      credential.add_outcome(fake_token("token-5a1d", clock.system_now() + std::chrono::hours(1)));
  }

  HttpResponse send(Method method, std::string target, const Headers& headers = {}, std::string body = "") const {
    return TestApp::send({.method = method, .url = std::move(target), .headers = headers, .body = std::move(body)});
  }
  using TestApp::send;

  HttpRequest only_request() const {
    REQUIRE(http.requests().size() == 1);
    return http.requests().front();
  }
};

HttpResponse refusal(int status, std::string_view code) {
  return {.status = status, .headers = {{"x-ms-error-code", code}}};
}

HttpResponse file(std::string body, int status = 200) {
  const auto length = std::to_string(body.size());
  return {.status = status,
          .headers = {{"Content-Length", length},
                      {"Content-Type", "text/plain"},
                      {"ETag", "\"0x1\""},
                      {"Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT"},
                      {"x-ms-request-id", "r-1"}},
          .body = std::move(body)};
}

HttpResponse created() {
  return {.status = 201, .headers = {{"ETag", "\"0x1\""}, {"Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT"}}};
}

TEST_SUITE("functions/files") {
  TEST_CASE("a file is passed on while it comes, with its type, version and length, and nothing of the service") {
    FilesApp app;
    app.http.add_reply(file("hello"));
    FakeCaller caller;
    app.send({.url = "/api/files/a.txt"}, caller.streams());
    REQUIRE(caller.head);
    CHECK(*caller.head == HttpResponse{.headers = {{"Content-Type", "text/plain"},
                                                   {"ETag", "\"0x1\""},
                                                   {"Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT"},
                                                   {"Accept-Ranges", "bytes"},
                                                   {"X-Content-Type-Options", "nosniff"},
                                                   {"Content-Security-Policy", "sandbox"}}});
    CHECK(caller.length == 5U);
    CHECK(caller.body == "hello");
    CHECK_FALSE(caller.broken_off);
  }

  TEST_CASE("S-16: names with blanks, #, ?, %, and beyond ASCII reach the service") {
    const struct {
      std::string_view target;
      std::string_view path;
    } cases[] = {
        {"/api/files/a", "/a"},
        {"/api/files/dir/b%20c.txt", "/dir/b%20c.txt"},
        {"/api/files/a%23b%3Fc", "/a%23b%3Fc"},
        {"/api/files/100%25", "/100%25"},
        {"/api/files/a%252Fb", "/a%252Fb"},
        {"/api/files/Zo%C3%AB", "/Zo%C3%AB"},
        {"/api/files/a..b/.c", "/a..b/.c"},
        {"/api/files?name=a%23b%3Fc%25", "/a%23b%3Fc%25"},
        {"/api/files/?name=dir%2Fx", "/dir/x"},
        {"/api/files/a?name=b", "/a"},
    };
    for (const auto& row : cases) {
      const auto& [target, path] = row;
      CAPTURE(row.target);
      FilesApp app;
      app.http.add_reply(file("x"));
      CHECK(app.get(std::string(target)).status == 200);
      CHECK(app.only_request().url == kContainerUrl + std::string(path));
    }
  }

  TEST_CASE("paths that could mean another file are refused, and nothing is asked") {
    const struct {
      std::string_view target;
      std::string_view message;
    } cases[] = {
        {"/api/files/..", "must not have a segment that is empty or ends with a dot"},
        {"/api/files/../secret", "must not have a segment that is empty or ends with a dot"},
        {"/api/files/a/%2E%2e/b", "must not have a segment that is empty or ends with a dot"},
        {"/api/files/a/./b", "must not have a segment that is empty or ends with a dot"},
        {"/api/files/a.", "must not have a segment that is empty or ends with a dot"},
        {"/api/files/a//b", "must not have a segment that is empty or ends with a dot"},
        {"/api/files?name=a%2F%2Fb", "must not have a segment that is empty or ends with a dot"},
        {"/api/files?name=%2F", "must not have a segment that is empty or ends with a dot"},
        {"/api/files/a%2Fb", "must not have encoded slashes"},
        {"/api/files/..%2fb", "must not have encoded slashes"},
        {"/api/files/a%5Cb", "must not have backslashes"},
        {"/api/files/a%00b", "must not have control characters"},
        {"/api/files/a%0D%0Ab", "must not have control characters"},
        {"/api/files/a%7F", "must not have control characters"},
        {"/api/files/%FF", "must be UTF-8"},
    };
    for (const auto& row : cases) {
      const auto& [target, message] = row;
      CAPTURE(row.target);
      FilesApp app;
      const auto response = app.get(std::string(target));
      CHECK(response.status == 400);
      CHECK(json_body(response).at("errors") == Json::array({{{"field", "path"}, {"message", message}}}));
      CHECK(app.http.requests().empty());
    }
    FilesApp app;
    CHECK(app.get("/api/files/" + std::string(1025, 'x')).status == 400);
  }

  TEST_CASE("a path that the host has cut is refused where the front end tells the original") {
    FilesApp app;
    const Headers cut = {{"X-WAWS-Unencoded-URL", "/api/files/a%23b?code=k"}};
    CHECK(app.send(Method::kDelete, "/api/files/a", cut).status == 400);
    CHECK(app.send(Method::kDelete, "/api/files/a%20b", {{"X-WAWS-Unencoded-URL", "/api/files/a%2520b"}}).status ==
          400);
    CHECK(app.http.requests().empty());
    app.http.add_reply(HttpResponse{.status = 202});
    CHECK(app.send(Method::kDelete, "/api/files/a", {{"X-WAWS-Unencoded-URL", "/api/files/%61"}}).status == 204);
  }

  TEST_CASE("ranges that the service knows are passed on, others are not") {
    const struct {
      Headers headers;
      std::optional<std::string_view> range;
    } cases[] = {
        {{{"Range", "bytes=0-2"}}, "bytes=0-2"},
        {{{"Range", "bytes=7-"}}, "bytes=7-"},
        {{{"Range", "bytes=-"}}, std::nullopt},
        {{{"Range", "bytes=-x"}}, std::nullopt},
        {{{"Range", "bytes=x-1"}}, std::nullopt},
        {{{"Range", "bytes=5-2"}}, std::nullopt},
        {{{"Range", "bytes=1-x"}}, std::nullopt},
        {{{"Range", "bytes=0-1,3-4"}}, std::nullopt},
        {{{"Range", "bytes=a-b"}}, std::nullopt},
        {{{"Range", "lines=1-2"}}, std::nullopt},
        {{{"Range", "bytes=0-2"}, {"If-Range", "W/\"0x1\""}}, std::nullopt},
        {{{"Range", "bytes=0-2"}, {"If-Range", "Fri, 02 Jan 2026 03:04:05 GMT"}}, std::nullopt},
        {{{"Range", "bytes=-2"}, {"If-Range", "Fri, 02 Jan 2026 03:04:05 GMT"}}, std::nullopt},
        {{{"Range", "bytes=0-1,3-4"}, {"If-Range", "\"0x1\""}}, std::nullopt},
    };
    for (const auto& row : cases) {
      const auto& [headers, range] = row;
      CAPTURE(row.headers.get("Range").value());
      FilesApp app;
      app.http.add_reply(file("hello"));
      CHECK(app.send(Method::kGet, "/api/files/a", headers).status == 200);
      CHECK(app.only_request().headers.get("x-ms-range") == range);
    }
    FilesApp app;
    auto part = file("hel", 206);
    part.headers.add("Content-Range", "bytes 0-2/5");
    app.http.add_reply(part);
    const auto response = app.send(Method::kGet, "/api/files/a", {{"Range", "bytes=0-2"}});
    CHECK(response.status == 206);
    CHECK(response.headers.get("Content-Range") == "bytes 0-2/5");
    CHECK(response.body == "hel");
  }

  TEST_CASE("a suffix, or a range with If-Range, is asked for in the version that its length and tag were seen of") {
    struct Row {
      std::string name;
      Headers headers;
      std::string_view seen;  ///< what the service says of the file
      std::optional<std::string_view> range{};
    };
    const Row rows[] = {
        {"a suffix", {{"Range", "bytes=-2"}}, "hello", "bytes=3-"},
        {"a suffix as long as the file", {{"Range", "bytes=-5"}}, "hello", "bytes=0-"},
        {"a longer suffix", {{"Range", "bytes=-18446744073709551615"}}, "hello", "bytes=0-"},
        {"the same version", {{"Range", "bytes=1-2"}, {"If-Range", "\"0x1\""}}, "hello", "bytes=1-2"},
        {"the rest of it", {{"Range", "bytes=1-"}, {"If-Range", "\"0x1\""}}, "hello", "bytes=1-"},
        {"its end", {{"Range", "bytes=-1"}, {"If-Range", "\"0x1\""}}, "hello", "bytes=4-"},
        {"another version", {{"Range", "bytes=1-2"}, {"If-Range", "\"0x2\""}}, "hello"},
        {"a suffix of an empty file", {{"Range", "bytes=-2"}}, ""},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      FilesApp app;
      auto seen = file("");
      seen.headers.set("Content-Length", std::to_string(row.seen.size()));
      app.http.add_reply(seen);
      app.http.add_reply(file("lo", row.range ? 206 : 200));
      const auto response = app.send(Method::kGet, "/api/files/a", row.headers);
      CHECK(response.status == (row.range ? 206 : 200));
      CHECK(response.body == "lo");
      const auto requests = app.http.requests();
      REQUIRE(requests.size() == 2);
      CHECK(requests[0].method == Method::kHead);
      CHECK(requests[1].method == Method::kGet);
      CHECK(requests[1].headers.get("x-ms-range") == row.range);
      CHECK(requests[1].headers.get("If-Match") == (row.range ? std::optional("\"0x1\"") : std::nullopt));
    }
  }

  TEST_CASE("a file that changes between its length and its end is given as a whole") {
    FilesApp app;
    app.http.add_reply(file("hello"));
    app.http.add_reply(refusal(412, "ConditionNotMet"));
    app.http.add_reply(file("longer"));
    const auto response = app.send(Method::kGet, "/api/files/a", {{"Range", "bytes=-2"}});
    CHECK(response.status == 200);
    CHECK(response.body == "longer");
    REQUIRE(app.http.requests().size() == 3);
    CHECK_FALSE(app.http.requests()[2].headers.has("x-ms-range"));
    CHECK_FALSE(app.http.requests()[2].headers.has("If-Match"));
  }

  TEST_CASE("conditions come before a suffix, and a suffix of no byte is refused") {
    const struct {
      HttpResponse seen;
      Headers headers;
      int status;
    } rows[] = {
        {refusal(412, "ConditionNotMet"), {{"Range", "bytes=-2"}, {"If-Match", "\"0x0\""}}, 412},
        {{.status = 304, .headers = {{"ETag", "\"0x1\""}}}, {{"Range", "bytes=-2"}, {"If-None-Match", "\"0x1\""}}, 304},
        {refusal(404, "BlobNotFound"), {{"Range", "bytes=-2"}}, 404},
        {file("hello"), {{"Range", "bytes=-0"}}, 416},
    };
    for (const auto& row : rows) {
      CAPTURE(row.status);
      FilesApp app;
      app.http.add_reply(row.seen);
      const auto response = app.send(Method::kGet, "/api/files/a", row.headers);
      CHECK(response.status == row.status);
      CHECK(response.headers.has("Content-Range") == (row.status == 416));
      for (const auto* name : {"If-Match", "If-None-Match"}) {
        CHECK(app.only_request().headers.get(name) == row.headers.get(name));
      }
    }
  }

  TEST_CASE("conditions are the service's to judge") {
    const Headers conditions = {{"If-Match", "\"1\""},
                                {"If-None-Match", "\"2\""},
                                {"If-Modified-Since", "Fri, 02 Jan 2026 03:04:05 GMT"},
                                {"If-Unmodified-Since", "Fri, 02 Jan 2026 03:04:06 GMT"}};
    for (const auto method : {Method::kGet, Method::kHead, Method::kPut, Method::kDelete}) {
      CAPTURE(to_string(method));
      FilesApp app;
      app.http.add_reply(refusal(412, "ConditionNotMet"));
      const auto response = app.send(method, "/api/files/a", conditions);
      CHECK(response.status == 412);
      CHECK(json_body(response).at("code") == "ConditionNotMet");
      for (const auto& [name, value] : conditions) CHECK(app.only_request().headers.get(name) == value);
    }
  }

  TEST_CASE("a file that has not changed is not sent again") {
    for (const auto method : {Method::kGet, Method::kHead}) {
      FilesApp app;
      app.http.add_reply(HttpResponse{.status = 304, .headers = {{"ETag", "\"0x1\""}}});
      const auto response = app.send(method, "/api/files/a", {{"If-None-Match", "\"0x1\""}});
      CHECK(response.status == 304);
      CHECK(response.headers.get("ETag") == "\"0x1\"");
      CHECK(response.body.empty());
    }
  }

  TEST_CASE("HEAD has the length of the file, and no body") {
    FilesApp app;
    auto reply = file("");
    reply.headers.set("Content-Length", "123456789012");
    app.http.add_reply(reply);
    FakeCaller caller;
    app.send({.method = Method::kHead, .url = "/api/files/a"}, caller.streams());
    REQUIRE(caller.head);
    CHECK(caller.head->status == 200);
    CHECK(caller.length == 123'456'789'012U);
    CHECK(caller.body.empty());
    CHECK(app.only_request().method == Method::kHead);
  }

  TEST_CASE("S-18: the error of HEAD is told by x-ms-error-code") {
    FilesApp app;
    app.http.add_reply(refusal(404, "BlobNotFound"));
    app.http.add_reply(refusal(404, "ContainerNotFound"));
    CHECK(app.send(Method::kHead, "/api/files/a").status == 404);
    CHECK(app.send(Method::kHead, "/api/files/a").status == 503);
  }

  TEST_CASE("an upload keeps its type and tells the new version") {
    FilesApp app;
    app.http.add_reply(created());
    const auto response =
        app.send(Method::kPut, "/api/files/dir/a.txt",
                 {{"Content-Type", "text/plain"}, {"Cache-Control", "no-cache"}, {"Cookie", "c"}}, "abc");
    CHECK(response.status == 201);
    CHECK(response.headers.get("ETag") == "\"0x1\"");
    CHECK(json_body(response) ==
          Json{{"name", "dir/a.txt"}, {"size", 3}, {"etag", "\"0x1\""}, {"modified", "2026-01-02T03:04:05Z"}});
    const auto request = app.only_request();
    CHECK(request.method == Method::kPut);
    CHECK(request.url == kContainerUrl + std::string("/dir/a.txt"));
    CHECK(request.body == "abc");
    CHECK(request.headers.get("x-ms-blob-Content-Type") == "text/plain");
    CHECK(request.headers.get("x-ms-blob-Cache-Control") == "no-cache");
    CHECK_FALSE(request.headers.has("Cookie"));
    CHECK_FALSE(request.headers.has("x-ms-blob-Cookie"));
  }

  TEST_CASE("a long upload never lies in memory as a whole") {
    FilesApp app;
    for (int i = 0; i < 4; ++i) app.http.add_reply(created());
    FakeCaller caller;
    caller.upload_bytes = 2 * kBlock + 10;
    CHECK(app.send({.method = Method::kPut, .url = "/api/files/a"}, caller.streams()).status == 201);
    const auto requests = app.http.requests();
    REQUIRE(requests.size() == 4);
    CHECK(requests[0].body.size() == kBlock);
    CHECK(requests[1].body.size() == kBlock);
    CHECK(requests[2].body.size() == 10);
    CHECK(azf::query_parameter(requests[3].url, "comp") == "blocklist");
  }

  TEST_CASE("an upload that breaks off changes nothing") {
    const struct {
      ErrorKind kind;
      int status;
    } cases[] = {{ErrorKind::kTransport, 502}, {ErrorKind::kTimeout, 408}, {ErrorKind::kInvalidArgument, 400}};
    for (const auto& row : cases) {
      const auto& [kind, status] = row;
      CAPTURE(row.status);
      FilesApp app;
      app.http.add_reply(created());
      FakeCaller caller;
      caller.upload_bytes = kBlock + 1;
      caller.upload_failure = Error{kind, "broken"};
      CHECK(app.send({.method = Method::kPut, .url = "/api/files/a"}, caller.streams()).status == status);
      CHECK(azf::query_parameter(app.only_request().url, "comp") == "block");
    }
  }

  TEST_CASE("a file that must be new is refused as a condition that fails") {
    FilesApp app;
    app.http.add_reply(refusal(409, "BlobAlreadyExists"));
    const auto response = app.send(Method::kPut, "/api/files/a", {{"If-None-Match", "*"}}, "x");
    CHECK(response.status == 412);
    CHECK(json_body(response).at("detail") == "There is a file of this name already.");
  }

  TEST_CASE("a part of a file does not take the place of the whole") {
    FilesApp app;
    CHECK(app.send(Method::kPut, "/api/files/a", {{"Content-Range", "bytes 0-0/9"}}, "x").status == 400);
    CHECK(app.http.requests().empty());
  }

  TEST_CASE("a deleted file leaves nothing to say") {
    FilesApp app;
    app.http.add_reply(HttpResponse{.status = 202});
    const auto response = app.send(Method::kDelete, "/api/files/a");
    CHECK(response == HttpResponse{.status = 204});
  }

  TEST_CASE("a folder is written and deleted by its files only") {
    for (const auto method : {Method::kPut, Method::kDelete}) {
      for (const auto* target : {"/api/files", "/api/files/", "/api/files/dir/"}) {
        CAPTURE(target);
        FilesApp app;
        CHECK(app.send(method, target).status == 400);
      }
    }
  }

  TEST_CASE("a folder is a list of its files and folders") {
    FilesApp app;
    app.http.add_reply(HttpResponse{
        .body =
            "<EnumerationResults><Blobs><Blob><Name>dir/a &amp; b</Name><Properties><Last-Modified>Fri, 02 Jan 2026 "
            "03:04:05 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>7</Content-Length><Content-Type>text/plain"
            "</Content-Type></Properties></Blob><BlobPrefix><Name>dir/sub/</Name></BlobPrefix></Blobs><NextMarker>"
            "m+1</NextMarker></EnumerationResults>"});
    app.http.add_reply(HttpResponse{.body = "<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>"});
    CHECK(json_body(app.get("/api/files/dir/?top=2")) ==
          Json{{"files", Json::array({{{"name", "dir/a & b"},
                                       {"size", 7},
                                       {"modified", "2026-01-02T03:04:05Z"},
                                       {"etag", "\"0x1\""},
                                       {"content_type", "text/plain"}}})},
               {"folders", {"dir/sub/"}},
               {"next", "m+1"}});
    CHECK(json_body(app.get("/api/files?next=m%2B1")) ==
          Json{{"files", Json::array()}, {"folders", Json::array()}, {"next", nullptr}});
    const auto requests = app.http.requests();
    REQUIRE(requests.size() == 2);
    const std::string begin = std::string(kContainerUrl) + "?restype=container&comp=list&delimiter=%2F";
    CHECK(requests[0].url == begin + "&prefix=dir%2F&maxresults=2");
    CHECK(requests[1].url == begin + "&marker=m%2B1&maxresults=1000");
    for (const auto* top : {"0", "5001", "x", "-1", ""}) {
      CAPTURE(top);
      CHECK(app.get("/api/files?top=" + std::string(top)).status == 400);
    }
  }

  TEST_CASE("each class of error has a status that the caller can act on, and says what to do") {
    const struct {
      int status;
      std::string_view code;
      int expected;
      std::string_view detail;
    } cases[] = {
        {400, "InvalidQueryParameterValue", 400, "InvalidQueryParameterValue"},
        {401, "InvalidAuthenticationInfo", 502, "InvalidAuthenticationInfo"},
        {403, "AuthorizationPermissionMismatch", 502, "Storage Blob Data Contributor"},
        {403, "AuthorizationFailure", 502, "network rules"},
        {404, "BlobNotFound", 404, "There is no file of this name."},
        {404, "ContainerNotFound", 503, "AZF_FILES_CONTAINER"},
        {409, "BlobImmutableDueToPolicy", 409, "BlobImmutableDueToPolicy"},
        {412, "ConditionNotMet", 412, "The file is not the one that the condition names"},
        {412, "LeaseIdMissing", 409, "somebody holds a lease"},
        {413, "RequestBodyTooLarge", 413, "RequestBodyTooLarge"},
        {416, "InvalidRange", 416, "The file ends before the range begins."},
    };
    for (const auto& row : cases) {
      const auto& [status, code, expected, detail] = row;
      for (const auto method : {Method::kGet, Method::kHead, Method::kPut, Method::kDelete}) {
        CAPTURE(row.code);
        FilesApp app;
        app.http.add_reply(refusal(status, code));
        const auto response = app.send(method, "/api/files/secret-name");
        CHECK(response.status == expected);
        const auto problem = json_body(response);
        CHECK(problem.at("code") == code);
        CHECK(problem.at("detail").get<std::string>().find(detail) != std::string::npos);
        CHECK(response.body.find("secret-name") == std::string::npos);
        CHECK((response.body + app.log_sink.text()).find("token-5a1d") == std::string::npos);
      }
    }
  }

  TEST_CASE("a service that cannot answer now is asked four times, and its wish to wait is passed on") {
    const struct {
      HttpResponse reply;
      int expected;
    } cases[] = {
        {refusal(429, "TooManyRequests"), 429},
        {refusal(500, "InternalError"), 503},
        {refusal(500, "OperationTimedOut"), 504},
        {refusal(503, "ServerBusy"), 503},
    };
    for (const auto& row : cases) {
      const auto& [reply, expected] = row;
      CAPTURE(row.expected);
      FilesApp app;
      for (int i = 0; i < 3; ++i) app.http.add_reply(reply);
      auto last = reply;
      last.headers.add("Retry-After", "70");
      app.http.add_reply(last);
      const auto response = app.get("/api/files/a");
      CHECK(response.status == expected);
      const bool waits = expected == 429 || expected == 503;
      CHECK(response.headers.get("Retry-After") == (waits ? std::optional<std::string_view>("70") : std::nullopt));
    }
  }

  TEST_CASE("without an answer the caller learns the kind of failure, and no address") {
    const struct {
      ErrorKind kind;
      int expected;
    } cases[] = {{ErrorKind::kTransport, 502}, {ErrorKind::kTimeout, 504}, {ErrorKind::kUnexpectedResponse, 502}};
    for (const auto& row : cases) {
      const auto& [kind, expected] = row;
      CAPTURE(row.expected);
      FilesApp app;
      for (int i = 0; i < 4; ++i) app.http.add_reply(Error{kind, "GET https://a.blob.core.windows.net: 10.0.0.4"});
      const auto response = app.get("/api/files/a");
      CHECK(response.status == expected);
      CHECK(response.body.find("10.0.0.4") == std::string::npos);
      CHECK(app.log_sink.text().find("10.0.0.4") != std::string::npos);
    }
  }

  TEST_CASE("a function without its settings says which one") {
    const struct {
      Settings settings;
      std::string_view detail;
    } cases[] = {
        {{}, "AZURE_STORAGE_BLOB_ENDPOINT is not set"},
        {{{"AZURE_STORAGE_BLOB_ENDPOINT", "http://a"}}, "AZURE_STORAGE_BLOB_ENDPOINT is not an https URL"},
        {{{"AZURE_STORAGE_BLOB_ENDPOINT", "https://a"}, {"AZF_FILES_CONTAINER", "A/b"}},
         "AZF_FILES_CONTAINER is not the name of a container"},
    };
    for (const auto& row : cases) {
      const auto& [settings, detail] = row;
      CAPTURE(row.detail);
      const azf::test::TestApp app(settings);
      const auto response = app.get("/api/files/a");
      CHECK(response.status == 503);
      CHECK(json_body(response).at("code") == "not_configured");
      CHECK(json_body(response).at("detail").get<std::string>().starts_with(detail));
    }
  }

  TEST_CASE("the container is a setting, and an account may stand in the path") {
    FilesApp app(Settings{{"AZURE_STORAGE_BLOB_ENDPOINT", "https://127.0.0.1:10000/devstoreaccount1"},
                          {"AZF_FILES_CONTAINER", "other-files"}});
    app.http.add_reply(file("x"));
    CHECK(app.get("/api/files/a").status == 200);
    CHECK(app.only_request().url == "https://127.0.0.1:10000/devstoreaccount1/other-files/a");
  }

  TEST_CASE("what comes of a stand-in says so, errors too") {
    const struct {
      Method method;
      std::string_view target;
      HttpResponse reply;
    } cases[] = {
        {Method::kGet, "/api/files/a", file("x")},
        {Method::kGet, "/api/files/a", HttpResponse{.status = 304}},
        {Method::kGet, "/api/files/a", refusal(404, "BlobNotFound")},
        {Method::kGet, "/api/files/a", refusal(403, "AuthorizationFailure")},
        {Method::kGet, "/api/files", {.body = "<EnumerationResults><Blobs/></EnumerationResults>"}},
        {Method::kHead, "/api/files/a", file("")},
        {Method::kPut, "/api/files/a", created()},
        {Method::kDelete, "/api/files/a", {.status = 202}},
    };
    for (const auto& row : cases) {
      const auto& [method, target, reply] = row;
      CAPTURE(row.reply.status);
      FilesApp app(Settings{{"AZF_DEMO_AZURE_STORAGE_BLOB_ENDPOINT", "https://127.0.0.1:1/a"}});
      app.http.add_reply(reply);
      const auto response = app.send(method, std::string(target));
      CHECK(response.headers.get("X-AZF-Demo") == "stand-in");
      if (response.body.starts_with('{')) CHECK(json_body(response).at("demo") == true);
    }
  }

  TEST_CASE("a download whose service breaks off is broken off, and does not pass for the whole file") {
    FilesApp app;
    app.http.add_broken_reply(file("hel"), {ErrorKind::kTransport, "the connection was closed inside the reply"});
    FakeCaller caller;
    app.send({.url = "/api/files/a"}, caller.streams());
    CHECK(caller.body == "hel");
    CHECK(caller.broken_off);
    CHECK(app.http.requests().size() == 1);
  }

  TEST_CASE("a download ends when its caller has gone") {
    FilesApp app;
    app.http.add_reply(file("hello"));
    FakeCaller caller;
    caller.takes = 2;
    app.send({.url = "/api/files/a"}, caller.streams());
    CHECK(caller.body == "he");
    CHECK(caller.broken_off);
    const auto cancelled = app.http.options().front().cancelled;
    REQUIRE(cancelled);
    CHECK_FALSE(cancelled());
    caller.gone = true;
    CHECK(cancelled());
  }

  TEST_CASE("every call has the deadline of its invocation") {
    FilesApp app;
    app.http.add_reply(file("x"));
    app.http.add_reply(file(""));
    app.http.add_reply(created());
    app.http.add_reply(HttpResponse{.status = 202});
    app.http.add_reply(HttpResponse{.body = "<EnumerationResults><Blobs/></EnumerationResults>"});
    for (const auto method : {Method::kGet, Method::kHead, Method::kPut, Method::kDelete}) {
      app.send(method, "/api/files/a");
    }
    app.get("/api/files");
    REQUIRE(app.http.options().size() == 5);
    for (const auto& options : app.http.options()) {
      CHECK(options.deadline.remaining(app.clock) == std::chrono::minutes(5));
    }
  }
}

}  // namespace
