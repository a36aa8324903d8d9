#include "http/certificate_pin.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using azf::CertificatePin;
using azf::parse_certificate_pin;

TEST_SUITE("http") {
  TEST_CASE("a pin is 40 hexadecimal digits in any case, blanks and colons aside") {
    CertificatePin expected;
    for (std::size_t i = 0; i < expected.sha1.size(); ++i) expected.sha1.at(i) = static_cast<unsigned char>(0xa0 + i);
    for (const std::string text :
         {"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3", "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3",
          "A0:a1:A2:a3:A4:a5:A6:a7:A8:a9:AA:ab:AC:ad:AE:af:B0:b1:B2:b3",
          " a0a1 a2a3 a4a5 a6a7 a8a9 aaab acad aeaf b0b1 b2b3 "}) {
      CAPTURE(text);
      CHECK(parse_certificate_pin(text) == expected);
    }
  }

  TEST_CASE("another text is no pin") {
    const std::string digits(40, '7');
    REQUIRE(parse_certificate_pin(digits));
    for (const std::string& text :
         {std::string(), std::string("::"), std::string("00"), digits.substr(1), digits + "7", digits.substr(1) + "g",
          "0x" + digits, digits + "\n", "-" + digits, std::string(64, '7')}) {
      CAPTURE(text);
      CHECK_FALSE(parse_certificate_pin(text));
    }
  }
}
