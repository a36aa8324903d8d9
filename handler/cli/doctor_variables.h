#pragma once

#include "cli/doctor_report.h"
#include "core/environment.h"

#include <string>
#include <vector>

namespace azf::cli {

/// Takes the values of variables out of texts, so that a report may be shown to anybody: `[AZURE_CLIENT_ID]` takes the
/// place of a value. Places stay, as they say where to look: URLs without user information and query, paths of files
/// that exist, host and port of a proxy, IP addresses. So do words of settings (`prod`, `ManagedIdentityCredential`)
/// and texts of less than four bytes, which are everywhere. Immutable.
class ValueFilter {
 public:
  explicit ValueFilter(const Environment& environment);

  [[nodiscard]] std::string operator()(std::string text) const;
  [[nodiscard]] Check operator()(Check check) const;
  [[nodiscard]] identity::Attempt operator()(identity::Attempt attempt) const;

 private:
  struct Replacement {
    std::string value;
    std::string name;
    bool whole_words = false;  ///< a setting's word, which may be part of a longer one: `Managed`
  };

  /// Longer values first.
  std::vector<Replacement> replacements_;
};

/// `host:port` of a proxy's URL; empty if that is not a URL, or `host:port`, which is all that libcurl takes.
std::string proxy_place(std::string_view url);

/// Which variables are set that credentials and handler know, never their values, and which contradict each other.
/// `setting_errors`: what creating the credentials has found wrong with settings.
Check check_variables(const Environment& environment, const std::vector<std::string>& setting_errors);

}  // namespace azf::cli
