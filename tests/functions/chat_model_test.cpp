#include "functions/chat_model.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using azf::Environment;
using azf::functions::chat_model_scopes;

TEST_SUITE("functions/chat_model") {
  TEST_CASE("a token is needed as soon as a model is set") {
    using Settings = std::map<std::string, std::string, std::less<>>;
    CHECK(chat_model_scopes(Environment()).empty());
    CHECK(chat_model_scopes(Environment(
              Settings{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"}, {"AZURE_OPENAI_DEPLOYMENT", "d"}})) ==
          std::vector<std::string>{"https://cognitiveservices.azure.com/.default"});
  }
}
