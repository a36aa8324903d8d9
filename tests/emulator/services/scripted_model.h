#pragma once

#include "core/json.h"

#include <string>
#include <vector>

namespace azf::emulator {

/// A call of one of the tools that the caller offered. Value.
struct ToolCall {
  std::string id;
  std::string function;
  /// JSON text; of `[stand-in:bad-arguments]` none.
  std::string arguments;
};

/// One turn of the assistant: a text, or calls of tools. Value.
struct ModelTurn {
  std::string text;
  std::vector<ToolCall> calls;
};

/// What the stand-in for a language model says next, by a few rules; it says that it is a stand-in. Where tools are
/// offered and the last message is the user's, it calls one with Python code that really computes the answer:
///
/// - code between ``` fences is taken as it is;
/// - primes below N, the sum of the numbers A to B, the N-th Fibonacci number, N factorial, days between two dates,
///   which files there are, and arithmetic such as `12 * (3 + 4)`;
/// - another question that sounds like work gets code that prints the question.
///
/// Where the last message is a tool's, it tells what the tool found. `body` is a request that was checked. Words in the
/// last user's message make it misbehave: `[stand-in:tool-loop]` calls a tool again and again, `[stand-in:two-tools]`
/// calls two at once, `[stand-in:bad-arguments]` calls one with arguments that are no JSON.
ModelTurn next_turn(const Json& body);

/// The content of a message as text: a string, or the text parts of an array.
std::string text_of_message(const Json& message);

/// The text of the last message of the user; empty when there is none.
std::string last_question(const Json& body);

/// Python code that answers a question, by the rules above; empty when none of them fits.
std::string python_for(const std::string& question);

}  // namespace azf::emulator
