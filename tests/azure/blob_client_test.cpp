#include "azure/blob_client.h"

#include "azure/storage_fixture.h"
#include "core/base64.h"
#include "core/time_text.h"
#include "http/url.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::Headers;
using azf::HttpResponse;
using azf::Method;
using azf::Result;
using azf::Success;
using azf::azure::BlobClient;
using azf::azure::BlobEntry;
using azf::azure::ServiceErrorKind;

constexpr auto kContainerUrl = "https://a.blob.core.windows.net/files";
constexpr std::size_t kBlock = BlobClient::kBlockBytes;

struct Fixture : azf::test::StorageFixture {
  Fixture() : StorageFixture("blob") {}

  BlobClient client() { return BlobClient(access(), "files"); }
  azf::HttpRequest only_request() const {
    REQUIRE(http.requests().size() == 1);
    return http.requests().front();
  }
};

// Gives so many bytes in pieces of odd sizes, and then its end, or an error.
class Body final : public azf::BodyReader {
 public:
  explicit Body(std::size_t size, std::optional<Error> failure = std::nullopt)
      : left_(size), failure_(std::move(failure)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    if (left_ == 0 && failure_) return *failure_;
    const std::size_t count = std::min({left_, buffer.size(), std::size_t{50'001}});
    std::fill_n(buffer.begin(), count, 'x');
    left_ -= count;
    return count;
  }

 private:
  std::size_t left_;
  const std::optional<Error> failure_;
};

class TextReceiver final : public azf::ReplyReceiver {
 public:
  bool begin(const HttpResponse& head) override {
    status = head.status;
    return true;
  }
  Result<Success> receive(std::string_view bytes) override {
    text += bytes;
    return Success{};
  }

  int status = 0;
  std::string text;
};

HttpResponse created() {
  return {.status = 201, .headers = {{"ETag", "\"0x1\""}, {"Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT"}}};
}

HttpResponse refusal(int status, std::string_view code) {
  return {.status = status, .headers = {{"x-ms-error-code", code}}};
}

HttpResponse page(std::string_view entries, std::string_view next) {
  return {.body = "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>" +
                  std::string(entries) + "</Blobs><NextMarker>" + std::string(next) +
                  "</NextMarker></EnumerationResults>"};
}

std::string blob(std::string_view name_element, int size = 1) {
  return "<Blob>" + std::string(name_element) +
         "<Properties><Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>" +
         std::to_string(size) + "</Content-Length><Content-Type>text/plain</Content-Type></Properties></Blob>";
}

BlobEntry entry(std::string name, std::uint64_t size = 1) {
  return {std::move(name), size, azf::parse_rfc3339("2026-01-02T03:04:05Z"), "\"0x1\"", "text/plain"};
}

std::vector<std::string> names_of(const azf::azure::BlobList& list) {
  std::vector<std::string> names;
  for (const auto& blob : list.blobs) names.push_back(blob.name);
  return names;
}

TEST_SUITE("azure/blob_client") {
  TEST_CASE("S-1: every call asks for a token of storage, and sends it to the account alone") {
    Fixture fixture;
    const auto client = fixture.client();
    TextReceiver receiver;
    Body body(1);
    fixture.http.add_reply(created());
    fixture.http.add_reply(HttpResponse{.body = "x"});
    fixture.http.add_reply(HttpResponse{});
    fixture.http.add_reply(HttpResponse{.status = 202});
    fixture.http.add_reply(page("", ""));
    CHECK(client.upload("a", body, {}, {}).has_value());
    CHECK(client.download("a", {}, receiver, {}).has_value());
    CHECK(client.head("a", {}, {}).has_value());
    CHECK(client.remove("a", {}, {}).has_value());
    CHECK(client.list({}, {}).has_value());
    REQUIRE(fixture.http.requests().size() == 5);
    for (const auto& url : fixture.urls()) CHECK(url.starts_with(kContainerUrl));
    int token = 0;
    for (const auto& authorization : fixture.authorizations()) {
      CHECK(authorization == "Bearer token-" + std::to_string(++token) + " for https://storage.azure.com/.default");
    }
    for (const auto& asked : fixture.credential.requests()) {
      CHECK(asked.scopes == std::vector<std::string>{"https://storage.azure.com/.default"});
    }
  }

  TEST_CASE("S-16: every call says a version of the protocol that takes tokens") {
    Fixture fixture;
    fixture.http.add_reply(HttpResponse{});
    CHECK(fixture.client().head("a", {}, {}).has_value());
    const auto request = fixture.only_request();
    CHECK(request.headers.get("x-ms-version") == "2021-12-02");
    CHECK(request.headers.get("x-ms-client-request-id") == "guid-1");
  }

  TEST_CASE("S-16: names with blanks, #, ?, %, and beyond ASCII stand encoded in the URL, slashes as they are") {
    const struct {
      std::string_view name;
      std::string_view path;
    } cases[] = {
        {"a", "/a"},
        {"dir/b.txt", "/dir/b.txt"},
        {"a b", "/a%20b"},
        {"a#b?c=d&e", "/a%23b%3Fc%3Dd%26e"},
        {"100%", "/100%25"},
        {"a%2Fb", "/a%252Fb"},
        {"Zoë/€", "/Zo%C3%AB/%E2%82%AC"},
        {"a+b~(c)", "/a%2Bb~%28c%29"},
    };
    for (const auto& row : cases) {
      const auto& [name, path] = row;
      CAPTURE(row.name);
      Fixture fixture;
      fixture.http.add_reply(HttpResponse{});
      CHECK(fixture.client().head(name, {}, {}).has_value());
      CHECK(fixture.only_request().url == kContainerUrl + std::string(path));
      CHECK(azf::percent_decode(path).substr(1) == name);
    }
  }

  TEST_CASE("a short body is one request, with what is kept with it") {
    Fixture fixture;
    fixture.http.add_reply(created());
    Body body(3);
    const auto version = fixture.client().upload(
        "a", body, {.properties = {{"Content-Type", "text/plain"}}, .conditions = {{"If-Match", "\"0x0\""}}}, {});
    REQUIRE(version.has_value());
    CHECK(version->etag == "\"0x1\"");
    CHECK(version->last_modified == "Fri, 02 Jan 2026 03:04:05 GMT");
    CHECK(version->size == 3);
    const auto request = fixture.only_request();
    CHECK(request.method == Method::kPut);
    CHECK(request.body == "xxx");
    CHECK(request.headers.get("x-ms-blob-type") == "BlockBlob");
    CHECK(request.headers.get("x-ms-blob-content-type") == "text/plain");
    CHECK(request.headers.get("Content-Type") == "application/octet-stream");
    CHECK(request.headers.get("If-Match") == "\"0x0\"");
  }

  TEST_CASE("a long body goes up in blocks of 8 MiB, and a list makes the blob of them") {
    for (const auto& row : {std::pair{kBlock, 1}, std::pair{2 * kBlock + 1, 3}}) {
      const auto& [size, blocks] = row;
      CAPTURE(row.first);
      Fixture fixture;
      for (int i = 0; i <= blocks; ++i) fixture.http.add_reply(created());
      Body body(size);
      const auto version = fixture.client().upload(
          "a", body, {.properties = {{"Content-Type", "text/plain"}}, .conditions = {{"If-None-Match", "*"}}}, {});
      REQUIRE(version.has_value());
      CHECK(version->size == size);
      const auto requests = fixture.http.requests();
      REQUIRE(requests.size() == static_cast<std::size_t>(blocks) + 1);
      std::size_t sent = 0;
      std::string list = R"(<?xml version="1.0" encoding="utf-8"?><BlockList>)";
      for (std::size_t i = 0; i + 1 < requests.size(); ++i) {
        const auto id = azf::query_parameter(requests[i].url, "blockid").value_or("");
        CHECK(azf::query_parameter(requests[i].url, "comp") == "block");
        CHECK(azf::from_base64(id) == "guid-1" + std::to_string(100'000 + i));
        CHECK_FALSE(requests[i].headers.has("If-None-Match"));
        list += "<Latest>" + id + "</Latest>";
        sent += requests[i].body.size();
      }
      CHECK(sent == size);
      CHECK(azf::query_parameter(requests.back().url, "comp") == "blocklist");
      CHECK(requests.back().body == list + "</BlockList>");
      CHECK(requests.back().headers.get("If-None-Match") == "*");
      CHECK(requests.back().headers.get("x-ms-blob-content-type") == "text/plain");
    }
  }

  TEST_CASE("a body that breaks off changes nothing") {
    const Error failure{ErrorKind::kTransport, "gone"};
    for (const auto& row : {std::pair{std::size_t{5}, 0}, std::pair{kBlock + 5, 1}}) {
      const auto& [size, requests] = row;
      CAPTURE(row.first);
      Fixture fixture;
      fixture.http.add_reply(created());
      Body body(size, failure);
      const auto version = fixture.client().upload("a", body, {}, {});
      REQUIRE_FALSE(version.has_value());
      CHECK(fixture.http.requests().size() == static_cast<std::size_t>(requests));
      for (const auto& request : fixture.http.requests()) {
        CHECK(azf::query_parameter(request.url, "comp") == "block");
      }
    }
  }

  TEST_CASE("what may not have its effect twice is not sent twice") {
    const struct {
      Headers conditions;
      std::size_t tries;
    } cases[] = {{{}, 4}, {{{"If-Match", "\"0x1\""}}, 1}};
    for (const auto& row : cases) {
      const auto& [conditions, tries] = row;
      CAPTURE(row.tries);
      Fixture put;
      Fixture removed;
      for (std::size_t i = 0; i < tries; ++i) {
        put.http.add_reply(refusal(503, "ServerBusy"));
        removed.http.add_reply(Error{ErrorKind::kTransport, "broken"});
      }
      Body body(1);
      CHECK(put.client().upload("a", body, {.conditions = conditions}, {}).error().code == "ServerBusy");
      CHECK(put.http.requests().size() == tries);
      CHECK(removed.client().remove("a", conditions, {}).error().kind == ServiceErrorKind::kUnreachable);
      CHECK(removed.http.requests().size() == tries);
    }
  }

  TEST_CASE("a block that fails for a moment is sent again in its own place") {
    Fixture fixture;
    fixture.http.add_reply(refusal(500, "InternalError"));
    fixture.http.add_reply(created());
    fixture.http.add_reply(created());
    Body body(kBlock);
    CHECK(fixture.client().upload("a", body, {}, {}).has_value());
    const auto requests = fixture.http.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].url == requests[1].url);
    CHECK(requests[0].body == requests[1].body);
  }

  TEST_CASE("a download goes to its receiver, with range and conditions") {
    Fixture fixture;
    fixture.http.add_reply(
        HttpResponse{.status = 206, .headers = {{"Content-Range", "bytes 0-2/9"}, {"ETag", "\"0x1\""}}, .body = "abc"});
    TextReceiver receiver;
    const auto reply = fixture.client().download(
        "a", {.range = "bytes=0-2", .conditions = {{"If-None-Match", "\"0x0\""}}}, receiver, {});
    REQUIRE(reply.has_value());
    CHECK(reply->status == 206);
    CHECK(reply->headers.get("ETag") == "\"0x1\"");
    CHECK(receiver.text == "abc");
    CHECK(fixture.only_request().headers.get("x-ms-range") == "bytes=0-2");
    CHECK(fixture.only_request().headers.get("If-None-Match") == "\"0x0\"");
  }

  TEST_CASE("a receiver learns of success alone") {
    for (const int status : {304, 404, 412, 416}) {
      CAPTURE(status);
      Fixture fixture;
      fixture.http.add_reply(HttpResponse{.status = status, .body = "<Error><Code>X</Code></Error>"});
      TextReceiver receiver;
      const auto reply = fixture.client().download("a", {}, receiver, {});
      CHECK(reply.has_value() == (status == 304));
      CHECK(receiver.status == 0);
      CHECK(receiver.text.empty());
      if (!reply) CHECK(reply.error().code == "X");
    }
  }

  TEST_CASE("a download that breaks off is an error, and is not begun again") {
    Fixture fixture;
    fixture.http.add_broken_reply({.body = "abc"}, {ErrorKind::kTransport, "broken"});
    TextReceiver receiver;
    const auto reply = fixture.client().download("a", {}, receiver, {});
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().kind == ServiceErrorKind::kUnreachable);
    CHECK(receiver.text == "abc");
    CHECK(fixture.http.requests().size() == 1);
  }

  TEST_CASE("S-18: the error of HEAD is known by x-ms-error-code") {
    Fixture fixture;
    fixture.http.add_reply(refusal(404, "ContainerNotFound"));
    const auto head = fixture.client().head("a", {}, {});
    REQUIRE_FALSE(head.has_value());
    CHECK(head.error().code == "ContainerNotFound");
    CHECK(head.error().kind == ServiceErrorKind::kNotConfigured);
  }

  TEST_CASE("deleting takes the snapshots, too") {
    Fixture fixture;
    fixture.http.add_reply(HttpResponse{.status = 202});
    CHECK(fixture.client().remove("a", {{"If-Match", "\"0x1\""}}, {}).has_value());
    const auto request = fixture.only_request();
    CHECK(request.method == Method::kDelete);
    CHECK(request.headers.get("x-ms-delete-snapshots") == "include");
    CHECK(request.headers.get("If-Match") == "\"0x1\"");
  }

  TEST_CASE("S-17: a list follows the marker through three pages, one of them empty") {
    Fixture fixture;
    fixture.http.add_reply(page(blob("<Name>d/a</Name>", 7) + "<BlobPrefix><Name>d/e/</Name></BlobPrefix>", "m 1"));
    fixture.http.add_reply(page("", "m&amp;2"));
    fixture.http.add_reply(page(blob("<Name>d/z</Name>"), ""));
    const auto list = fixture.client().list({.prefix = "d/", .limit = 10}, {});
    REQUIRE(list.has_value());
    CHECK(list->blobs == std::vector<BlobEntry>{entry("d/a", 7), entry("d/z")});
    CHECK(list->folders == std::vector<std::string>{"d/e/"});
    CHECK(list->next.empty());
    const auto requests = fixture.http.requests();
    REQUIRE(requests.size() == 3);
    const std::string begin = std::string(kContainerUrl) + "?restype=container&comp=list&delimiter=%2F&prefix=d%2F";
    CHECK(requests[0].url == begin + "&maxresults=10");
    CHECK(requests[1].url == begin + "&marker=m%201&maxresults=8");
    CHECK(requests[2].url == begin + "&marker=m%262&maxresults=8");
  }

  TEST_CASE("S-17: entities and encoded names are decoded") {
    Fixture fixture;
    fixture.http.add_reply(page(blob("<Name>&lt;a&amp;b&gt; &#xE9;</Name>") +
                                    blob("<Name Encoded=\"true\">x%EF%BF%BE%25</Name>") + blob("<Name>100%25</Name>"),
                                ""));
    const auto list = fixture.client().list({}, {});
    REQUIRE(list.has_value());
    CHECK(names_of(*list) == std::vector<std::string>{"<a&b> \xc3\xa9", "x\xef\xbf\xbe%", "100%25"});
  }

  TEST_CASE("a list ends at its limit and says where the next one begins") {
    Fixture fixture;
    fixture.http.add_reply(page(blob("<Name>b</Name>"), "m1"));
    fixture.http.add_reply(page(blob("<Name>c</Name>"), "m2"));
    const auto list = fixture.client().list({.marker = "m0", .limit = 2}, {});
    REQUIRE(list.has_value());
    CHECK(names_of(*list) == std::vector<std::string>{"b", "c"});
    CHECK(list->next == "m2");
    CHECK(azf::query_parameter(fixture.http.requests()[0].url, "marker") == "m0");
  }

  TEST_CASE("what is no list is an error and no empty list") {
    const HttpResponse replies[] = {
        {.body = ""},
        {.body = "<html/>"},
        {.body = "<EnumerationResults/>"},
        page("<Blob><Properties><Content-Length>1</Content-Length></Properties></Blob>", ""),
        page("<Blob><Name>a</Name></Blob>", ""),
        page("<Blob><Name>a</Name><Properties><Content-Length>-1</Content-Length></Properties></Blob>", ""),
        page("", "m0"),
    };
    for (const auto& reply : replies) {
      CAPTURE(reply.body);
      Fixture fixture;
      fixture.http.add_reply(reply);
      const auto list = fixture.client().list({.marker = "m0"}, {});
      REQUIRE_FALSE(list.has_value());
      CHECK(list.error().kind == ServiceErrorKind::kUnexpectedReply);
    }
  }

  TEST_CASE("no message holds a token or a name") {
    Fixture fixture;
    fixture.http.add_reply(
        HttpResponse{.status = 403, .body = "<Error><Code>X</Code><Message>secret-name token-1</Message></Error>"});
    const auto head = fixture.client().head("secret-name", {}, {});
    REQUIRE_FALSE(head.has_value());
    CHECK(head.error().message.find("secret-name") == std::string::npos);
    CHECK(head.error().message.find("token-1") == std::string::npos);
    CHECK(fixture.sink.text().find("token-1") == std::string::npos);
  }
}

}  // namespace
