#include "conformance/verdict.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::test {
namespace {

using Ending = Observation::Ending;
using Score = PeerVerdict::Score;

bool contains(const std::vector<int>& statuses, int status) {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

std::vector<const Reply*> final_replies(const Observation& observation) {
  std::vector<const Reply*> finals;
  for (const Reply& reply : observation.replies) {
    if (!reply.interim()) finals.push_back(&reply);
  }
  return finals;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// `!form`: no line has it.
template <typename Lines>
std::optional<std::string> missing(const std::vector<std::string>& forms, const Lines& lines) {
  for (const std::string_view form : forms) {
    const bool wanted = !form.starts_with('!');
    const auto pattern = wanted ? form : form.substr(1);
    const bool found =
        std::any_of(lines.begin(), lines.end(), [&](std::string_view line) { return matches(pattern, line); });
    if (found != wanted) return (wanted ? "no line \"" : "a line \"") + std::string(pattern) + "\"";
  }
  return std::nullopt;
}

std::string alternatives(const std::vector<int>& statuses) {
  std::string text;
  for (const int status : statuses) {
    if (!text.empty()) text += " or ";
    text += status == kNoReply ? "no reply" : std::to_string(status);
  }
  return text;
}

// What our server was to answer to the case itself; `finals` are the replies to it.
std::optional<std::string> fault_of_replies(const RequestCase& request_case, const std::vector<const Reply*>& finals) {
  const Ours& ours = request_case.ours;
  const bool silent = contains(ours.statuses, kNoReply) && finals.size() + 1 == ours.replies;
  if (finals.size() != ours.replies && !silent) return std::to_string(finals.size()) + " replies";
  for (std::size_t i = 0; i + 1 < ours.replies; ++i) {
    if (finals[i]->status != 200) return "reply " + std::to_string(i + 1) + " is not 200";
  }
  if (silent) return std::nullopt;
  const Reply& last = *finals.back();
  if (!contains(ours.statuses, last.status)) return "another status";
  if (const auto line = missing(ours.said, last.head)) return *line + " in the head of the reply";
  if (const auto line = missing(ours.seen, lines_of(last.body))) return *line + " in what the handler was given";
  return std::nullopt;
}

std::optional<std::string> fault_of_interim(Interim interim, const Observation& observation) {
  const std::size_t count = observation.interim_replies;
  if (interim == Interim::kNever && count > 0) return "an interim reply";
  if (interim == Interim::kMust && (count != 1 || observation.unprompted)) return "no interim reply";
  if (count > 1) return "two interim replies";
  return std::nullopt;
}

PeerVerdict failed(std::string reason) { return {.score = Score::kFailed, .reason = std::move(reason)}; }

// The replies to what stands behind the case: to a request that may be answered or not, but only as it is.
std::optional<std::string> fault_behind(const RequestCase& request_case, const std::vector<const Reply*>& finals,
                                        Ending ending) {
  const Peers& peers = request_case.peers;
  const std::size_t replies = request_case.ours.replies;
  for (const Reply* reply : finals) {
    if (reply->status >= 400) return "one of its parts was taken for a request, and refused";
  }
  if (finals.size() > replies + (peers.last ? 0 : 1)) return "what stands behind it was answered";
  if (finals.size() < replies) return "not every request was answered";
  if (peers.last && ending == Ending::kOpen) return "the connection was kept";
  if (peers.kept && finals.size() == replies) return "the connection was not kept";
  if (request_case.ours.kept && ending == Ending::kOpen) return "the next request was not answered";
  return std::nullopt;
}

PeerVerdict judge_acceptance(const RequestCase& request_case, const Observation& observation,
                             const std::vector<const Reply*>& finals) {
  const Peers& peers = request_case.peers;
  if (peers.duty == Duty::kMustRefuse) return failed("it was accepted");
  if (const auto fault = fault_behind(request_case, finals, observation.ending)) return failed(*fault);
  if (const auto line = missing(peers.said, finals.front()->head)) return failed(*line + " in the head of the reply");
  if (peers.duty == Duty::kShouldRefuse) return {.score = Score::kAgainstShould, .reason = "it was accepted"};
  return {};
}

PeerVerdict judge_refusal(const RequestCase& request_case, const Observation& observation,
                          const std::vector<const Reply*>& finals) {
  const Peers& peers = request_case.peers;
  if (peers.duty == Duty::kMustAccept) return failed("it was not accepted");
  const int status = finals.empty() ? kNoReply : finals.front()->status;
  if (!peers.statuses.empty() && !contains(peers.statuses, status)) return failed("it was refused in another way");
  if (peers.last && finals.size() > 1) return failed("what stands behind it was answered");
  if (peers.last && !finals.empty() && observation.ending == Ending::kOpen) return failed("the connection was kept");
  if (peers.duty == Duty::kShouldAccept) return {.score = Score::kAgainstShould, .reason = "it was not accepted"};
  return {};
}

}  // namespace

std::optional<std::string> fault_of_ours(const RequestCase& request_case, const Observation& observation) {
  const Ours& ours = request_case.ours;
  auto finals = final_replies(observation);
  if (ours.kept) {
    if (finals.empty()) return "no reply";
    const std::string_view next = finals.back()->body;
    finals.pop_back();
    if (!next.starts_with("GET /next\n")) return "the next request was not answered";
  }
  if (auto fault = fault_of_replies(request_case, finals)) return fault;
  if (auto fault = fault_of_interim(ours.interim, observation)) return fault;
  if (observation.ending != Ending::kEnded) return "the connection did not end in order";
  return std::nullopt;
}

PeerVerdict judge_peer(const RequestCase& request_case, const Observation& observation) {
  const auto finals = final_replies(observation);
  for (const Reply* reply : finals) {
    if (reply->status < 0) return failed("a reply is not well-formed");
  }
  if (auto fault = fault_of_interim(request_case.peers.interim, observation)) return failed(*fault);
  const bool refused = finals.empty() || finals.front()->status >= 400;
  return refused ? judge_refusal(request_case, observation, finals)
                 : judge_acceptance(request_case, observation, finals);
}

std::string expected_of_ours(const RequestCase& request_case) {
  const Ours& ours = request_case.ours;
  std::string text;
  for (std::size_t i = 1; i < ours.replies; ++i) text += "200, ";
  text.append(alternatives(ours.statuses)).append(ours.kept ? ", kept" : ", ended");
  if (ours.interim == Interim::kMust) text.insert(0, "100, ");
  for (const auto& line : ours.said) text.append("; says ").append(line);
  for (const auto& line : ours.seen) text.append("; handler sees ").append(line);
  return text;
}

std::string expected_of_peers(const RequestCase& request_case) {
  const Peers& peers = request_case.peers;
  std::string text;
  switch (peers.duty) {
    case Duty::kNotAsked: return "not asked";
    case Duty::kMustAccept: text = "must accept"; break;
    case Duty::kShouldAccept: text = "should accept"; break;
    case Duty::kMay: text = "may accept or refuse"; break;
    case Duty::kShouldRefuse: text = "should refuse"; break;
    case Duty::kMustRefuse: text = "must refuse"; break;
  }
  if (!peers.statuses.empty()) text.append(" with ").append(alternatives(peers.statuses));
  if (peers.last) text.append(", and end the connection");
  if (peers.kept) text.append(", and keep the connection");
  if (peers.interim == Interim::kMust) text.append("; with 100 before it");
  if (peers.interim == Interim::kNever) text.append("; without 100 before it");
  for (const auto& line : peers.said) text.append("; says ").append(line);
  return text;
}

}  // namespace azf::test
