#include "emulator/services/scripted_model.h"

#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <optional>
#include <regex>
#include <string_view>
#include <utility>

namespace azf::emulator {
namespace {

constexpr std::string_view kSignature = "(This is the emulator's stand-in for Azure OpenAI: rules, not a model.)";

std::string text_member(const Json& object, std::string_view name) {
  const Json* value = find_member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

// As a Python literal; JSON strings are Python strings.
std::string python_literal(const std::string& text) { return to_text(Json(text)); }

std::string fenced_code(const std::string& question) {
  const auto begin = question.find("```");
  if (begin == std::string::npos) return "";
  const auto line = question.find('\n', begin);
  const auto end = line == std::string::npos ? line : question.find("```", line);
  return end == std::string::npos ? "" : question.substr(line + 1, end - line - 1);
}

// The longest part that is arithmetic: at least one operator between two numbers.
std::string arithmetic(const std::string& question) {
  static const std::regex kExpression(R"([-(]*\d[\d.]*[)]*(\s*(\*\*|//|[-+*/%^])\s*[-(]*\d[\d.]*[)]*)+)");
  std::string longest;
  for (auto match = std::sregex_iterator(question.begin(), question.end(), kExpression);
       match != std::sregex_iterator(); ++match) {
    if (static_cast<std::size_t>(match->length()) > longest.size()) longest = match->str();
  }
  if (std::count(longest.begin(), longest.end(), '(') != std::count(longest.begin(), longest.end(), ')')) return "";
  return std::regex_replace(longest, std::regex(R"(\^)"), "**");
}

struct Rule {
  const char* pattern;
  // With `$1` and `$2` for what the pattern found.
  const char* code;
};

// Of the question in lower case, without thousands separators.
constexpr auto kRules = std::to_array<Rule>({
    {R"(sum of\b.*?\bprime(?:s| numbers)?\b.*?\b(?:below|under|less than|smaller than)\s+(\d+))",
     "print(sum(n for n in range(2, $1) if all(n % d for d in range(2, int(n ** 0.5) + 1))))"},
    {R"(primes?\b.*?\b(?:below|under|less than|smaller than)\s+(\d+))",
     "limit = $1\n"
     "sieve = bytearray([1]) * limit\n"
     "sieve[:2] = bytes(min(limit, 2))\n"
     "for n in range(2, int(limit ** 0.5) + 1):\n"
     "    if sieve[n]:\n"
     "        sieve[n * n::n] = bytes(len(range(n * n, limit, n)))\n"
     "print(sum(sieve))"},
    {R"(primes?\b.*?\b(?:up to|until)\s+(\d+))",
     "print(sum(all(n % d for d in range(2, int(n ** 0.5) + 1)) for n in range(2, $1 + 1)))"},
    {R"(sum of (\d+) and (\d+))", "print($1 + $2)"},
    {R"(sum of\b.*?(\d+)\s*(?:to|through|and|\.\.+|-)\s*(\d+))", "print(sum(range($1, $2 + 1)))"},
    {R"((\d+)(?:st|nd|rd|th)?\s+fibonacci)",
     "a, b = 0, 1\n"
     "for _ in range($1):\n"
     "    a, b = b, a + b\n"
     "print(a)"},
    {R"(fibonacci\s+(?:number\s+)?(\d+))",
     "a, b = 0, 1\n"
     "for _ in range($1):\n"
     "    a, b = b, a + b\n"
     "print(a)"},
    {R"(factorial\s+(?:of\s+)?(\d+))", "import math\nprint(math.factorial($1))"},
    {R"((\d{4}-\d{2}-\d{2})\D+(\d{4}-\d{2}-\d{2}))",
     "from datetime import date\n"
     "print(abs((date.fromisoformat('$2') - date.fromisoformat('$1')).days))"},
    {R"((?:list|which|what|show)\b.*\bfiles\b)", "import os\nprint('\\n'.join(sorted(os.listdir('.'))) or 'no files')"},
});

// Whether a question that no rule fits is one for a tool.
bool sounds_like_work(const std::string& question) {
  static const std::regex kWords(R"(\d|\b(calculate|compute|count|how many|plot|python|run|solve)\b)");
  return std::regex_search(to_lower(question), kWords);
}

// A tool and the name of its argument that takes code.
struct CodeTool {
  std::string function;
  std::string argument;
};

std::optional<CodeTool> find_code_tool(const Json& body) {
  const Json* tools = find_member(body, "tools");
  if (tools == nullptr || !tools->is_array()) return std::nullopt;
  std::optional<CodeTool> first;
  for (const auto& tool : *tools) {
    const Json* function = find_member(tool, "function");
    if (function == nullptr) continue;
    const Json* parameters = find_member(*function, "parameters");
    const Json* properties = parameters == nullptr ? nullptr : find_member(*parameters, "properties");
    if (properties != nullptr && find_member(*properties, "code") != nullptr) {
      return CodeTool{text_member(*function, "name"), "code"};
    }
    const bool has_some = properties != nullptr && properties->is_object() && !properties->empty();
    if (!first) first = CodeTool{text_member(*function, "name"), has_some ? properties->begin().key() : "code"};
  }
  return first;
}

// Whether the caller forbids, allows or demands that a tool is called.
enum class ToolChoice { kNone, kAuto, kRequired };

ToolChoice tool_choice(const Json& body) {
  const Json* choice = find_member(body, "tool_choice");
  if (choice == nullptr || *choice == "auto") return ToolChoice::kAuto;
  return *choice == "none" ? ToolChoice::kNone : ToolChoice::kRequired;
}

ToolCall call(const CodeTool& tool, const std::string& code) {
  return {"call_" + to_base64url(random_bytes(18)), tool.function, to_text(Json{{tool.argument, code}})};
}

// What a tool said, as the answer tells it: output if it is in a JSON member that is named so, else the text itself.
std::string finding(const std::string& content) {
  const auto json = parse_json(content);
  if (!json || !json->is_object()) return "The tool said: " + std::string(trimmed(content));
  const std::string errors(trimmed(text_member(*json, "stderr")));
  const std::string status = to_lower(text_member(*json, "status"));
  if (status == "failed" || status == "failure") {
    const auto last_line = errors.rfind('\n');
    return "The code failed: " + (last_line == std::string::npos ? errors : errors.substr(last_line + 1));
  }
  if (const std::string output(trimmed(text_member(*json, "stdout"))); !output.empty()) {
    return "The result is " + output;
  }
  const Json* result = find_member(*json, "result");
  if (result == nullptr || *result == "") return "The code ran and printed nothing";
  return "The result is " + (result->is_string() ? result->get<std::string>() : to_text(*result));
}

// What all tools said since the assistant's last message.
std::string findings(const Json& messages) {
  std::string text;
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    if (text_member(*message, "role") != "tool") break;
    text = finding(text_of_message(*message)) + ".\n" + text;
  }
  return text;
}

}  // namespace

std::string text_of_message(const Json& message) {
  const Json* content = find_member(message, "content");
  if (content == nullptr) return "";
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (content->is_array()) {
    for (const auto& part : *content) text += text_member(part, "text");
  }
  return text;
}

std::string last_question(const Json& body) {
  const Json* messages = find_member(body, "messages");
  if (messages == nullptr || !messages->is_array()) return "";
  const auto message = std::find_if(messages->rbegin(), messages->rend(),
                                    [](const Json& each) { return text_member(each, "role") == "user"; });
  return message == messages->rend() ? "" : text_of_message(*message);
}

std::string python_for(const std::string& question) {
  if (std::string code = fenced_code(question); !code.empty()) return code;
  std::string plain = to_lower(question);
  plain = std::regex_replace(plain, std::regex(R"((\d)[,_](?=\d{3}\b))"), "$1");
  for (const auto& rule : kRules) {
    std::smatch match;
    if (std::regex_search(plain, match, std::regex(rule.pattern))) return match.format(rule.code);
  }
  const std::string expression = arithmetic(plain);
  return expression.empty() ? "" : "print(" + expression + ")";
}

ModelTurn next_turn(const Json& body) {
  const std::string question = last_question(body);
  const Json* messages = find_member(body, "messages");
  const auto asks = [&](std::string_view word) { return question.find(word) != std::string::npos; };
  const auto tool = find_code_tool(body);
  const ToolChoice choice = tool ? tool_choice(body) : ToolChoice::kNone;
  const bool answers_tool =
      messages != nullptr && !messages->empty() && text_member(messages->back(), "role") == "tool";

  if (choice != ToolChoice::kNone && asks("[stand-in:tool-loop]")) return {"", {call(*tool, "print('once more')")}};
  if (answers_tool) return {findings(*messages) + std::string(kSignature), {}};
  if (choice != ToolChoice::kNone) {
    if (asks("[stand-in:two-tools]")) {
      return {"", {call(*tool, "print('the first of two')"), call(*tool, "print('the second of two')")}};
    }
    if (asks("[stand-in:bad-arguments]")) {
      ToolCall broken = call(*tool, "print()");
      broken.arguments.resize(broken.arguments.size() / 2);
      return {"", {std::move(broken)}};
    }
    if (const std::string code = python_for(question); !code.empty()) return {"", {call(*tool, code)}};
    if (choice == ToolChoice::kRequired || sounds_like_work(question)) {
      return {"", {call(*tool, "print('The question was:', " + python_literal(question) + ")")}};
    }
  }
  return {"You said: " + question + "\n" + std::string(kSignature), {}};
}

}  // namespace azf::emulator
