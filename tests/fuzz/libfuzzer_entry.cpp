#include "fuzz/fuzz_target.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

// libFuzzer's name and signature. AZF_FUZZ_TARGET is the function of the target that this program runs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  azf::test::AZF_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
