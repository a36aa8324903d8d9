#pragma once

#include <string_view>

namespace azf::identity {

/// What the credential of that type name looks for, in one line, for people; empty for a name that is not known.
std::string_view looks_for(std::string_view credential);

}  // namespace azf::identity
