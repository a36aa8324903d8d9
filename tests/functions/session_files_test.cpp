#include "azure/session_identifier.h"
#include "http/multipart.h"
#include "http/url.h"
#include "support/fake_caller.h"
#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::Headers;
using azf::HttpResponse;
using azf::Json;
using azf::Method;
using azf::Secret;
using azf::azure::CodeSession;
using azf::azure::kAnonymousCaller;
using azf::azure::SessionIssuer;
using azf::test::fake_token;
using azf::test::FakeCaller;
using azf::test::json_body;
using azf::test::TestApp;

const std::string kKey = "0123456789abcdef0123456789abcdef";

using Settings = std::map<std::string, std::string>;

Settings with_pool(Settings more = {}) {
  more.emplace("AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://pool.example/p");
  more.emplace("AZF_SESSION_KEY", kKey);
  return more;
}

struct Files {
  explicit Files(const Settings& settings = with_pool()) : app(settings) {}

  void expect(azf::Result<HttpResponse> reply) {
    app.credential.add_outcome(fake_token("planted-token", app.clock.system_now() + std::chrono::hours(1)));
    app.http.add_reply(std::move(reply));
  }
  HttpResponse send(Method method, const std::string& rest, Headers headers = {}, std::string body = {}) const {
    return app.send({.method = method,
                     .url = "/api/sessions/" + session.handle + "/files" + rest,
                     .headers = std::move(headers),
                     .body = std::move(body)});
  }
  HttpResponse get(const std::string& rest = "") const { return send(Method::kGet, rest); }
  HttpResponse send(FakeCaller& caller, Method method, const std::string& rest) const {
    return app.send({.method = method, .url = "/api/sessions/" + session.handle + "/files" + rest, .body = "content"},
                    caller.streams());
  }

  TestApp app;
  CodeSession session = SessionIssuer(Secret(kKey)).issue(kAnonymousCaller);
};

TEST_SUITE("functions/session_files") {
  TEST_CASE("lists the files of the session, and of no other") {
    Files files;
    files.expect(HttpResponse{.body = R"({"value":[{"properties":{"filename":"a b.csv","size":12,)"
                                      R"("lastModifiedTime":"2024-05-02T07:21:07.99Z"}},{"name":"c"}]})"});
    const auto response = files.get();
    CHECK(response.status == 200);
    CHECK(response.headers.get("Cache-Control") == "no-store");
    CHECK(json_body(response) == Json{{"files",
                                       {{{"name", "a b.csv"}, {"size", 12}, {"modified", "2024-05-02T07:21:07Z"}},
                                        {{"name", "c"}, {"size", 0}, {"modified", nullptr}}}}});
    const auto request = files.app.http.requests().at(0);
    CHECK(request.url.starts_with("https://pool.example/p/files?"));
    CHECK(azf::query_parameter(request.url, "identifier") == files.session.identifier.expose());
  }

  TEST_CASE("a session that nobody was given is not found, and nothing is sent") {
    const Files files;
    const auto other = SessionIssuer(Secret(kKey)).issue("another caller").handle;
    for (const auto& id : {other, std::string("default"), std::string("a%2Fb")}) {
      for (const auto method : {Method::kGet, Method::kPost, Method::kDelete}) {
        const auto response = files.app.send({.method = method, .url = "/api/sessions/" + id + "/files/x"});
        CHECK(response.status == 404);
        CHECK(json_body(response).at("code") == "session_not_found");
      }
    }
  }

  TEST_CASE("S-11: a form or plain bytes go to the pool as a form with the field file") {
    struct Row {
      const char* name;
      std::string rest;
      Headers headers;
      std::string body;
    };
    const std::vector<Row> rows = {
        {"a form",
         "",
         {{"Content-Type", "multipart/form-data; boundary=xyz"}},
         "--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
         "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.csv\"\r\n\r\nx,y\r\n--xyz--\r\n"},
        {"a form without the file's name",
         "?name=a%20b.csv",
         {{"Content-Type", "multipart/form-data; boundary=xyz"}},
         "--xyz\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx,y\r\n--xyz--\r\n"},
        {"bytes", "?name=a%20b.csv", {{"Content-Type", "text/csv"}}, "x,y"},
        {"bytes without a type", "?name=a+b.csv", {}, "x,y"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Files files;
      files.expect(HttpResponse{.body = R"({"value":[{"properties":{"filename":"a b.csv","size":3}}]})"});
      const auto response = files.send(Method::kPost, row.rest, row.headers, row.body);
      CHECK(response.status == 201);
      CHECK(json_body(response) == Json{{"name", "a b.csv"}, {"size", 3}, {"modified", nullptr}});
      const auto request = files.app.http.requests().at(0);
      CHECK(request.url.starts_with("https://pool.example/p/files/upload?"));
      const auto parts = azf::parse_form_data(request.headers.get("Content-Type").value(), request.body);
      REQUIRE(parts);
      CHECK(*parts == std::vector<azf::FormPart>{{"file", "a b.csv", "application/octet-stream", "x,y"}});
    }
  }

  TEST_CASE("S-11: uploads that are none, or to no name of a file, are refused") {
    const Headers form = {{"Content-Type", "multipart/form-data; boundary=xyz"}};
    const auto form_with = [](const std::string& fields) {
      return "--xyz\r\nContent-Disposition: form-data; " + fields + "\r\n\r\n1\r\n--xyz--\r\n";
    };
    struct Row {
      const char* name;
      std::string rest;
      Headers headers;
      std::string body;
    };
    const std::vector<Row> rows = {
        {"no name", "", {}, "1"},
        {"an empty name", "?name=", {}, "1"},
        {"a path", "?name=..%2Fx", {}, "1"},
        {"another path", "?name=a%5Cb", {}, "1"},
        {"a line break", "?name=a%0Ab", {}, "1"},
        {"no UTF-8", "?name=%FF", {}, "1"},
        {"a form with a path", "", form, form_with("name=\"file\"; filename=\"../x\"")},
        {"a form without a name", "", form, form_with("name=\"file\"")},
        {"a form without a file", "", form, form_with("name=\"other\"; filename=\"x\"")},
        {"a form that is none", "", form, "1"},
        {"a form with two files", "", form,
         "--xyz\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n1\r\n"
         "--xyz\r\nContent-Disposition: form-data; name=file; filename=b\r\n\r\n1\r\n--xyz--"},
    };
    const Files files;
    for (const auto& row : rows) {
      CAPTURE(row.name);
      CHECK(files.send(Method::kPost, row.rest, row.headers, row.body).status == 400);
    }
    for (const auto* name : {"/..%2Fx", "/%2E%2E", "/a%00b", "/%FF"}) {
      CAPTURE(name);
      CHECK(files.get(name).status == 400);
      CHECK(files.send(Method::kDelete, name).status == 400);
    }
    CHECK(files.app.http.requests().empty());
  }

  TEST_CASE("a file is handed on while it comes, as bytes to be kept and never to be shown") {
    Files files;
    files.expect(
        HttpResponse{.headers = {{"Content-Type", "text/html"}, {"Content-Length", "9"}}, .body = "<script>\n"});
    const auto response = files.get("/a%20b%22%C3%AB.html");
    CHECK(response.status == 200);
    CHECK(response.body == "<script>\n");
    CHECK(response.headers.get("Content-Type") == "application/octet-stream");
    CHECK(response.headers.get("Content-Disposition") == "attachment; filename*=UTF-8''a%20b%22%C3%AB.html");
    CHECK(response.headers.get("X-Content-Type-Options") == "nosniff");
    CHECK(files.app.http.requests()[0].url.starts_with("https://pool.example/p/files/content/a%20b%22%C3%AB.html?"));
    CHECK(files.app.http.options()[0].receiver != nullptr);
    CHECK(files.app.http.options()[0].cancelled);
  }

  TEST_CASE("a download whose pool breaks off is broken off, and does not pass for the whole file") {
    Files files;
    const HttpResponse reply{.headers = {{"Content-Length", "9"}}, .body = "first"};
    files.app.credential.add_outcome(fake_token("t", files.app.clock.system_now() + std::chrono::hours(1)));
    files.app.http.add_broken_reply(reply, {ErrorKind::kTransport, "the connection was closed inside the reply"});
    FakeCaller caller;
    files.send(caller, Method::kGet, "/x");
    CHECK(caller.length == 9U);
    CHECK(caller.body == "first");
    CHECK(caller.broken_off);
    CHECK(files.app.http.requests().size() == 1);
    CHECK(files.app.log_sink.text().find("broken_off") != std::string::npos);
  }

  TEST_CASE("a pool that breaks off before a file begins is asked again, and then it is a problem") {
    Files files;
    const Error cut{ErrorKind::kTransport, "the connection was closed without a reply"};
    files.expect(cut);
    files.expect(HttpResponse{.body = "whole"});
    CHECK(files.get("/x").body == "whole");
    for (int tries = 0; tries < 4; ++tries) files.expect(cut);
    const auto response = files.get("/x");
    CHECK(response.status == 502);
    CHECK(json_body(response).at("code") == "unreachable");
  }

  TEST_CASE("a download ends when its caller has gone") {
    Files files;
    files.expect(HttpResponse{.headers = {{"Content-Length", "9"}}, .body = "the bytes"});
    FakeCaller caller;
    caller.takes = 3;
    files.send(caller, Method::kGet, "/x");
    CHECK(caller.body == "the");
    CHECK(caller.broken_off);
    CHECK(files.app.log_sink.text().find("cancelled") != std::string::npos);
    CHECK(files.app.log_sink.text().find("function failed") == std::string::npos);  // it did not
  }

  TEST_CASE("every call has the deadline of its invocation, and ends when its caller has gone") {
    const struct {
      std::string name;
      Method method;
      std::string rest;
    } rows[] = {
        {"list", Method::kGet, ""},
        {"upload", Method::kPost, "?name=x"},
        {"download", Method::kGet, "/x"},
        {"remove", Method::kDelete, "/x"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Files files;
      files.expect(HttpResponse{.body = "[]"});
      FakeCaller caller;
      files.send(caller, row.method, row.rest);
      const auto options = files.app.http.options().at(0);
      CHECK(options.deadline.remaining(files.app.clock) == std::chrono::minutes(5));
      REQUIRE(options.cancelled);
      CHECK_FALSE(options.cancelled());
      caller.gone = true;
      CHECK(options.cancelled());

      Files left;
      left.expect(Error{ErrorKind::kCancelled, "ended, because whoever asked for it has gone"});
      FakeCaller leaver;
      CHECK(left.send(leaver, row.method, row.rest).status == 499);
      CHECK(left.app.http.requests().size() == 1);
    }
  }

  TEST_CASE("a file without a byte is one, too") {
    Files files;
    files.expect(HttpResponse{});
    const auto response = files.get("/x");
    CHECK(response.status == 200);
    CHECK(response.body.empty());
    CHECK(response.headers.get("Content-Type") == "application/octet-stream");
  }

  TEST_CASE("a file that is not there is a problem, and so is one that a pool refuses") {
    const std::pair<int, int> cases[] = {{404, 404}, {403, 502}, {400, 400}};
    for (const auto& [status, expected] : cases) {
      CAPTURE(status);
      Files files;
      files.expect(HttpResponse{.status = status, .body = R"({"error":{"code":"ItsCode","message":"planted"}})"});
      const auto response = files.get("/x");
      CHECK(response.status == expected);
      CHECK(json_body(response).at("code") == "ItsCode");
      CHECK(response.body.find("planted") == std::string::npos);
    }
  }

  TEST_CASE("a file is removed") {
    Files files;
    files.expect(HttpResponse{.body = R"({"message":"file deleted successfully"})"});
    files.expect(HttpResponse{.status = 404});
    const auto response = files.send(Method::kDelete, "/x");
    CHECK(response.status == 204);
    CHECK(response.body.empty());
    CHECK(files.app.http.requests()[0].method == Method::kDelete);
    CHECK(files.send(Method::kDelete, "/x").status == 404);
  }

  TEST_CASE("methods that make no sense with or without a name are refused") {
    const Files files;
    const auto named = files.send(Method::kPost, "/x", {}, "1");
    CHECK(named.status == 405);
    CHECK(named.headers.get("Allow") == "GET, DELETE");
    const auto unnamed = files.send(Method::kDelete, "");
    CHECK(unnamed.status == 405);
    CHECK(unnamed.headers.get("Allow") == "GET, POST");
  }

  TEST_CASE("what comes of a stand-in says so, in a list, a file and a removal") {
    Files files(Settings{{"AZF_DEMO_AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://127.0.0.1:1/pool"},
                         {"AZF_SESSION_KEY", kKey}});
    files.expect(HttpResponse{.body = "[]"});
    files.expect(HttpResponse{.body = "1"});
    files.expect(HttpResponse{.status = 204});
    const auto list = files.get();
    CHECK(json_body(list).at("demo") == true);
    for (const auto& response : {list, files.get("/x"), files.send(Method::kDelete, "/x")}) {
      CHECK(response.headers.get("X-AZF-Demo") == "stand-in");
    }
  }

  TEST_CASE("S-10: the identifier is in no log and no response") {
    Files files;
    files.expect(HttpResponse{.body = "[]"});
    files.expect(HttpResponse{.status = 403, .body = std::string(files.session.identifier.expose())});
    files.expect(HttpResponse{.status = 404});
    std::string shown = files.get().body + files.get("/x").body + files.send(Method::kDelete, "/x").body;
    shown += files.app.log_sink.text();
    CHECK(shown.find(files.session.identifier.expose()) == std::string::npos);
    CHECK(shown.find("planted-token") == std::string::npos);
  }
}

}  // namespace
