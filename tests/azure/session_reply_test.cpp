#include "azure/session_reply.h"

#include "core/time_text.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using azf::ErrorKind;
using azf::Json;
using azf::azure::Execution;
using azf::azure::parse_execution_reply;
using azf::azure::parse_session_files;
using azf::azure::SessionFile;
using std::chrono::milliseconds;

constexpr milliseconds kElapsed{70};

TEST_SUITE("azure/session_reply") {
  TEST_CASE("S-9: both generations' answers are read, whatever the result is") {
    struct Row {
      const char* name;
      std::string body;
      Execution expected;
    };
    const std::vector<Row> rows = {
        {"first, executionResult",
         R"({"$id":"1","properties":{"$id":"2","status":"Success","stdout":"out","stderr":"",)"
         R"("executionResult":"text","executionTimeInMilliseconds":9}})",
         {true, "out", "", "text", milliseconds(9)}},
        {"first, result, a number",
         R"({"properties":{"status":"success","stdout":"","stderr":"warning","result":2,)"
         R"("executionTimeInMilliseconds":"12"}})",
         {true, "", "warning", 2, milliseconds(12)}},
        {"first, an object that looks like an answer of the second",
         R"({"properties":{"status":"Success","stdout":"a","stderr":"","result":{"stdout":"b","stderr":"c"}}})",
         {true, "a", "", {{"stdout", "b"}, {"stderr", "c"}}, kElapsed}},
        {"first, null",
         R"({"properties":{"status":"Success","stdout":"","stderr":"","executionResult":null}})",
         {true, "", "", nullptr, kElapsed}},
        {"first, failed",
         R"({"properties":{"status":"Failure","stdout":"1","stderr":"NameError: x","result":""}})",
         {false, "1", "NameError: x", "", kElapsed}},
        {"the oldest, flat, without a status",
         R"({"stdout":"o","stderr":"e","result":[1,2]})",
         {true, "o", "e", {1, 2}, kElapsed}},
        {"the oldest, failed",
         R"({"stdout":"","stderr":"","result":null,"error":"boom"})",
         {false, "", "boom", nullptr, kElapsed}},
        {"second, a string",
         R"({"id":"e-1","identifier":"i","status":"Succeeded","result":{"stdout":"o","stderr":"",)"
         R"("executionResult":"text","executionTimeInMilliseconds":5,"outputStreamsMaxLength":4096},"error":null})",
         {true, "o", "", "text", milliseconds(5)}},
        {"second, a number",
         R"({"status":"Succeeded","result":{"stdout":"","stderr":"","executionResult":2.5}})",
         {true, "", "", 2.5, kElapsed}},
        {"second, an image",
         R"({"status":"Succeeded","result":{"stdout":"","stderr":"",)"
         R"("executionResult":{"type":"image","format":"png","base64_data":"iVBO"}}})",
         {true, "", "", {{"type", "image"}, {"format", "png"}, {"base64_data", "iVBO"}}, kElapsed}},
        {"second, null",
         R"({"status":"Succeeded","result":{"stdout":"","stderr":"","executionResult":null}})",
         {true, "", "", nullptr, kElapsed}},
        {"second, with an envelope",
         R"({"properties":{"status":"Succeeded","result":{"stdout":"o","stderr":"","executionResult":1}}})",
         {true, "o", "", 1, kElapsed}},
        {"second, failed by the code's own error",
         R"({"status":"Failed","result":{"stdout":"","stderr":"Traceback","executionResult":""},)"
         R"("error":{"error":{"code":"E","message":"m"}}})",
         {false, "", "Traceback", "", kElapsed}},
        {"second, ended by the pool",
         R"({"status":"Failed","result":null,"error":{"error":{"code":"Timeout","message":"took too long"}}})",
         {false, "", "took too long", nullptr, kElapsed}},
        {"second, only a code",
         R"({"status":"Canceled","result":null,"error":{"code":"Stopped"}})",
         {false, "", "Stopped", nullptr, kElapsed}},
        {"second, only a raw result",
         R"({"status":"Failed","rawResult":{"error_message":"killed"}})",
         {false, "", "killed", nullptr, kElapsed}},
        {"a shell", R"({"status":0,"result":{"stdout":"a\nb","stderr":""}})", {true, "a\nb", "", nullptr, kElapsed}},
        {"a shell that failed",
         R"({"status":2,"result":{"stdout":"","stderr":"no such file"}})",
         {false, "", "no such file", nullptr, kElapsed}},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto reply = parse_execution_reply(row.body, kElapsed);
      REQUIRE_MESSAGE(reply.has_value(), reply.error().message);
      REQUIRE(reply->execution);
      CHECK(*reply->execution == row.expected);
    }
  }

  TEST_CASE("an output of the pool's limit has been cut off") {
    const auto truncated = [](const std::string& text, const std::string& limit) {
      const std::string body = R"({"status":"Succeeded","result":{"stdout":")" + text +
                               R"(","stderr":"","outputStreamsMaxLength":)" + limit + "}}";
      return parse_execution_reply(body, kElapsed)->execution->truncated;
    };
    CHECK(truncated("abcd", "4"));
    CHECK_FALSE(truncated("abc", "4"));
    CHECK_FALSE(truncated("äöü", "4"));  // characters, not bytes
    CHECK_FALSE(truncated("abcd", "null"));
  }

  TEST_CASE("S-13: code that has not ended is told from code that has by the status") {
    for (const auto* status : {"NotStarted", "Running", "running", "Pending", "InProgress", "Accepted"}) {
      CAPTURE(status);
      const auto reply = parse_execution_reply(
          std::string(R"({"id":"e-1","status":")") + status + R"(","result":null,"error":null})", kElapsed);
      REQUIRE(reply);
      CHECK(reply->id == "e-1");
      CHECK_FALSE(reply->execution);
    }
  }

  TEST_CASE("a reply that is no execution is unexpected, and nothing of it is repeated") {
    for (const auto* body : {"", "planted", "[]", "1", "{}", R"({"status":"planted"})", R"({"status":["Succeeded"]})",
                             R"({"properties":{"status":null}})", R"({"id":"planted"})"}) {
      CAPTURE(body);
      const auto reply = parse_execution_reply(body, kElapsed);
      REQUIRE_FALSE(reply);
      CHECK(reply.error().kind == ErrorKind::kUnexpectedResponse);
      CHECK(reply.error().message.find("planted") == std::string::npos);
    }
  }

  TEST_CASE("lists of files are read in every shape") {
    const auto time = azf::parse_rfc3339("2024-05-02T07:21:07Z");
    const std::vector<SessionFile> one = {{"a b.csv", 12, time}};
    struct Row {
      const char* name;
      std::string body;
      std::vector<SessionFile> files;
      std::string next_link;
    };
    const std::vector<Row> rows = {
        {"first",
         R"({"$id":"1","value":[{"$id":"2","properties":{"$id":"3","filename":"a b.csv","size":12,)"
         R"("lastModifiedTime":"2024-05-02T07:21:07Z"}}]})",
         one, ""},
        {"first, a bare array",
         R"([{"name":"a b.csv","type":"file","filename":"a b.csv","size":12,)"
         R"("last_modified_time":"2024-05-02T07:21:07Z","mime_type":"text/csv"}])",
         one, ""},
        {"second",
         R"({"value":[{"name":"a b.csv","type":"file","contentType":"text/csv","sizeInBytes":12,)"
         R"("lastModifiedAt":"2024-05-02T07:21:07Z","directory":"."},{"name":"d","type":"directory"}],)"
         R"("nextLink":"/files?skip=1"})",
         one, "/files?skip=1"},
        {"one file", R"({"name":"a b.csv","type":"file","sizeInBytes":12,"lastModifiedAt":"2024-05-02T07:21:07Z"})",
         one, ""},
        {"little is known",
         R"([{"name":"x"},{"filename":"y","size":-1,"lastModifiedTime":"yesterday"}])",
         {{"x", 0, {}}, {"y", 0, {}}},
         ""},
        {"none", R"({"value":[],"nextLink":null})", {}, ""},
        {"none, bare", "[]", {}, ""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto page = parse_session_files(row.body);
      REQUIRE_MESSAGE(page.has_value(), page.error().message);
      CHECK(page->files == row.files);
      CHECK(page->next_link == row.next_link);
    }
    for (const auto* body : {"", "1", "{}", "[1]", R"({"value":"x"})", R"({"value":[{"name":7}]})"}) {
      CAPTURE(body);
      CHECK_FALSE(parse_session_files(body));
    }
  }
}

}  // namespace
