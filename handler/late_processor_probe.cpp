// OpenSSL asks the processor for its features before `main`, from the .init section, and again when it is first used. A
// virtual machine traps each of these questions, so the first time is left out: nothing at start needs the answer. Only
// for static programs, where the linker leads the calls here.

// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker's --wrap gives
extern "C" void __real_OPENSSL_cpuid_setup();
extern "C" void __wrap_OPENSSL_cpuid_setup();
// NOLINTEND(bugprone-reserved-identifier)

namespace {

// Constructors run behind the .init section.
bool is_constructed = false;
[[gnu::constructor]] void note_construction() { is_constructed = true; }

}  // namespace

extern "C" void __wrap_OPENSSL_cpuid_setup() {  // NOLINT(bugprone-reserved-identifier)
  if (is_constructed) __real_OPENSSL_cpuid_setup();
}
