#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "identity/certificate.h"

#include <openssl/ui.h>

#include <memory>
#include <string>

namespace azf::test {
namespace {

int refuse_to_prompt(UI* /*ui*/) {
  require(false, "nobody is asked for a password");
  return 0;
}

// Takes the place of OpenSSL's terminal for the whole process.
class NoPrompt {
 public:
  NoPrompt() : method_(UI_create_method("none"), UI_destroy_method) {
    UI_method_set_opener(method_.get(), refuse_to_prompt);
    UI_set_default_method(method_.get());
  }

 private:
  std::unique_ptr<UI_METHOD, decltype(&UI_destroy_method)> method_;
};

}  // namespace

// The password, a line break, the file.
void fuzz_certificate(std::string_view input) {
  static const NoPrompt no_prompt;
  const auto [password, bytes] = split_at_line_break(input);
  const auto loaded = identity::load_certificate(bytes, Secret(password));
  if (!loaded) {
    require(loaded.error().kind == ErrorKind::kInvalidArgument, "an unusable file is an invalid argument");
    require(!contains(loaded.error().message, kPlantedToken), "no message quotes password or content");
    require(loaded.error().message.size() <= 128, "messages are bounded");
    require_printable(loaded.error().message, "messages are printable");
    return;
  }
  require(loaded->sha1().size() == 20 && loaded->sha256().size() == 32, "digests have their sizes");
  require(!loaded->chain().empty() && loaded->chain().front().starts_with('\x30'), "the chain begins with DER");
  for (const auto algorithm : {identity::Certificate::Algorithm::kPs256, identity::Certificate::Algorithm::kRs256}) {
    const auto signature = loaded->sign(algorithm, "text");
    require(signature ? signature->size() >= 256 : signature.error().kind == ErrorKind::kInternal,
            "signing gives a signature, or fails as it may");
  }
}

}  // namespace azf::test
