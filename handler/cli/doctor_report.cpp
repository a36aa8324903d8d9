#include "cli/doctor_report.h"

#include "cli/command_line.h"
#include "identity/attempt_json.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace azf::cli {
namespace {

constexpr std::size_t kWidth = 110;

std::size_t count(const Diagnosis& diagnosis, CheckStatus status) {
  return static_cast<std::size_t>(std::ranges::count(diagnosis.checks, status, &Check::status));
}

std::string counted(std::size_t number, std::string_view noun) {
  return std::to_string(number).append(" ").append(noun).append(number == 1 ? "" : "s");
}

std::string_view colour_of(CheckStatus status) {
  switch (status) {
    case CheckStatus::kOk: return "\033[32m";
    case CheckStatus::kWarning: return "\033[33m";
    case CheckStatus::kFailed: return "\033[1;31m";
    case CheckStatus::kSkipped: return "\033[2m";
  }
  return "";
}

std::string painted(std::string text, CheckStatus status, Colours colours) {
  if (colours == Colours::kOff) return text;
  return std::string(colour_of(status)).append(text).append("\033[0m");
}

// `label` and the text, broken at blanks, the further lines below the text's beginning.
std::string paragraph(std::string_view label, std::string_view text) {
  std::string lines(label);
  std::size_t column = label.size();
  bool first_word = true;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!first_word && column + 1 + word.size() > kWidth) {
      lines.append("\n").append(label.size(), ' ');
      column = label.size();
    } else if (!first_word) {
      lines.push_back(' ');
      ++column;
    }
    lines.append(word);
    column += word.size();
    first_word = false;
  }
  return lines + "\n";
}

bool was_tried(const identity::Attempt& attempt) { return attempt.outcome != identity::AttemptOutcome::kUnavailable; }

std::string attempt_text(const identity::Attempt& attempt, bool with_next_step) {
  std::string text = "          " + attempt.credential + "  " + std::string(identity::to_string(attempt.outcome));
  if (!attempt.code.empty()) text.append(" (").append(attempt.code).append(")");
  if (attempt.duration) text.append(" after ").append(std::to_string(attempt.duration->count())).append(" ms");
  text.append("\n");
  const auto line = [&text](std::string_view name, const std::string& value) {
    std::string label = "            ";
    label.append(name).append(12 - name.size(), ' ');
    if (!value.empty()) text.append(paragraph(label, value));
  };
  line("asked", attempt.source);
  line("came back", attempt.reason);
  if (with_next_step) line("what to do", attempt.next_step);
  return text;
}

std::string check_text(const Check& check, Colours colours) {
  std::string status(to_string(check.status));
  status.append(8 - status.size(), ' ');
  std::string text = painted(status, check.status, colours) + "  " + check.title + " (" + check.id;
  if (check.duration >= std::chrono::milliseconds(10)) {
    text.append(", ").append(std::to_string(check.duration.count())).append(" ms");
  }
  text.append(")\n");
  for (const std::string& finding : check.found) text.append(paragraph("          ", finding));
  for (const std::string& step : check.next_steps) text.append(paragraph("          what to do: ", step));
  return text;
}

}  // namespace

std::string_view to_string(CheckStatus status) {
  switch (status) {
    case CheckStatus::kOk: return "ok";
    case CheckStatus::kWarning: return "warning";
    case CheckStatus::kFailed: return "failed";
    case CheckStatus::kSkipped: break;
  }
  return "skipped";
}

void Check::warn(std::string finding, std::string_view next_step) {
  if (status != CheckStatus::kFailed && worst.empty()) {
    worst = finding;
    worst_next_step = next_step;
  }
  if (status != CheckStatus::kFailed) status = CheckStatus::kWarning;
  found.push_back(std::move(finding));
  if (!next_step.empty()) next_steps.emplace_back(next_step);
}

void Check::fail(std::string finding, std::string_view next_step) {
  if (status != CheckStatus::kFailed) {
    worst = finding;
    worst_next_step = next_step;
  }
  status = CheckStatus::kFailed;
  found.push_back(std::move(finding));
  if (!next_step.empty()) next_steps.emplace_back(next_step);
}

Diagnosis weighed(Diagnosis diagnosis) {
  const auto tokens = std::ranges::find(diagnosis.checks, "tokens", &Check::id);
  if (tokens == diagnosis.checks.end() || tokens->status != CheckStatus::kOk) return diagnosis;
  for (Check& check : diagnosis.checks) {
    if (check.status != CheckStatus::kFailed || (check.id != "dns" && check.id != "authority")) continue;
    check.status = CheckStatus::kWarning;
    check.found.emplace_back("the tokens below came without it, so they do not depend on it");
  }
  return diagnosis;
}

std::string verdict_of(const Diagnosis& diagnosis) {
  const auto failed = count(diagnosis, CheckStatus::kFailed);
  const auto warnings = count(diagnosis, CheckStatus::kWarning);
  if (failed == 0) return warnings == 0 ? "healthy" : "healthy with " + counted(warnings, "warning");
  std::string ids;
  for (const Check& check : diagnosis.checks) {
    if (check.status == CheckStatus::kFailed) ids.append(ids.empty() ? "" : ", ").append(check.id);
  }
  return counted(failed, "problem") + ": " + ids;
}

int exit_code_of(const Diagnosis& diagnosis) {
  return count(diagnosis, CheckStatus::kFailed) == 0 ? kSuccess : kFailure;
}

Json report_json(const Diagnosis& diagnosis) {
  Json checks = Json::array();
  for (const Check& check : diagnosis.checks) {
    checks.push_back({{"id", check.id},
                      {"title", check.title},
                      {"status", to_string(check.status)},
                      {"found", check.found},
                      {"next_steps", check.next_steps},
                      {"details", check.details},
                      {"duration_ms", check.duration.count()}});
  }
  Json attempts = Json::array();
  for (const auto& [scope, list] : diagnosis.attempts) {
    for (Json& attempt : identity::attempts_json(list)) {
      attempt.emplace("scope", scope);
      attempts.push_back(std::move(attempt));
    }
  }
  return {{"verdict", verdict_of(diagnosis)},
          {"exit_code", exit_code_of(diagnosis)},
          {"checks", std::move(checks)},
          {"attempts", std::move(attempts)}};
}

std::string report_text(const Diagnosis& diagnosis, Colours colours) {
  std::string text;
  for (const Check& check : diagnosis.checks) {
    text.append(check_text(check, colours));
    if (check.id != "tokens") continue;
    for (const auto& [scope, attempts] : diagnosis.attempts) {
      text.append("          asked for ").append(scope).append("\n");
      // Where one could be asked, nobody need set up those that could not.
      const bool any_tried = std::ranges::any_of(attempts, was_tried);
      for (const identity::Attempt& attempt : attempts) {
        text.append(attempt_text(attempt, /*with_next_step=*/was_tried(attempt) || !any_tried));
      }
    }
  }

  // The last lines are what a terminal shows: there the reader finds what to do, without scrolling.
  text.append("\n");
  for (const CheckStatus status : {CheckStatus::kFailed, CheckStatus::kWarning}) {
    for (const Check& check : diagnosis.checks) {
      if (check.status != status) continue;
      std::string label(to_string(status));
      label.append(10 - label.size(), ' ').append(check.id).append(": ");
      text.append(paragraph(label, check.worst));
      if (!check.worst_next_step.empty()) text.append(paragraph("          what to do: ", check.worst_next_step));
    }
  }
  const CheckStatus worst = exit_code_of(diagnosis) != kSuccess            ? CheckStatus::kFailed
                            : count(diagnosis, CheckStatus::kWarning) != 0 ? CheckStatus::kWarning
                                                                           : CheckStatus::kOk;
  return text + painted(verdict_of(diagnosis), worst, colours) + "\n";
}

}  // namespace azf::cli
