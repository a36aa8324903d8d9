#include "emulator/host/binding_value.h"

#include "core/time_text.h"

#include <doctest/doctest.h>

#include <vector>

namespace azf::emulator {

TEST_SUITE_BEGIN("emulator");

TEST_CASE("encodes values as the host does") {
  const SystemTime time = *parse_rfc3339("2022-07-14T04:40:05.678Z");
  const std::vector<std::pair<BindingValue, Json>> rows = {
      {BinaryValue{"hello"}, "aGVsbG8="},
      {DateTimeValue{time}, "2022-07-14T04:40:05"},
      {DateTimeOffsetValue{time}, "2022-07-14T04:40:05+00:00"},
      {Json{{"AdjustForDST", true}}, Json{{"AdjustForDST", true}}},
      {Json("aaaaa"), "\"aaaaa\""},
      {Json(R"({"a":1})"), R"("{\"a\":1}")"},
      {Json("\xc3\xa4"), "\"\xc3\xa4\""},
      {Json(1), "1"},
      {Json(true), "true"},
      {Json(), "null"},
      {Json::array({{{"id", 1}}}), R"([{"id":1}])"},
      {Json::array(), "[]"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<1>(row));
    const auto& [value, expected] = row;
    CHECK(encode_value(value) == expected);
  }
}

TEST_CASE("leaves out nulls and names that end in trigger") {
  BindingData data;
  data.set("Id", Json("x"));
  data.set("QueueTrigger", Json("text"));
  data.set("myTRIGGER", Json("text"));
  data.set("Nothing", Json());
  CHECK(data.encoded() == Json{{"Id", "\"x\""}});
}

TEST_CASE("lets members of an object overwrite data of the same name but for arrays") {
  BindingData data;
  data.set("Id", Json("real"));
  data.merge({{"id", "forged"}, {"list", {1, 2}}, {"more", {{"a", 1}}}});
  CHECK(data.encoded() == Json{{"Id", "\"forged\""}, {"more", {{"a", 1}}}});
  data.merge(Json("not an object"));
}

TEST_SUITE_END();

}  // namespace azf::emulator
