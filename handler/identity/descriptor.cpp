#include "identity/descriptor.h"

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace azf::identity {

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

void Descriptor::close() noexcept {
  if (!open()) return;
  const int error = errno;
  ::close(std::exchange(number_, -1));
  errno = error;
}

}  // namespace azf::identity
