#pragma once

#include "core/clock.h"
#include "core/json.h"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace azf::emulator {

/// Bytes of a binding declared as binary.
struct BinaryValue {
  std::string bytes;
};
/// A .NET `DateTime`: no zone is known.
struct DateTimeValue {
  SystemTime time;
};
/// A .NET `DateTimeOffset`, always at UTC here.
struct DateTimeOffsetValue {
  SystemTime time;
};

/// A value as the host holds it before it writes an envelope. `Json` is what Newtonsoft.Json would make of any other
/// .NET value; a text is a JSON string.
using BindingValue = std::variant<BinaryValue, DateTimeValue, DateTimeOffsetValue, Json>;

/// How the host writes a value into an envelope: bytes as Base64, dates at whole seconds, objects embedded, and
/// everything else as a string that holds the value's JSON text, so that the text `aaaaa` becomes `"\"aaaaa\""`
/// (azure-functions-host, `ScriptInvocationContextExtensions.cs`, `GetHttpScriptInvocationContextValue`).
Json encode_value(const BindingValue& value);

/// Binding data of one invocation, what an envelope calls `Metadata`. Names are compared without letter case, the
/// first spelling stays, the last value wins. Value.
class BindingData {
 public:
  void set(std::string_view name, BindingValue value);
  /// Adds the members of a JSON object but for arrays: what the host does with a trigger value that is one, even
  /// where that overwrites what the trigger said (azure-functions-host, `Utility.ApplyBindingData`).
  void merge(const Json& object);

  /// The `Metadata` object: `null` values and names that end in `trigger` are left out.
  [[nodiscard]] Json encoded() const;

 private:
  std::vector<std::pair<std::string, BindingValue>> values_;
};

}  // namespace azf::emulator
