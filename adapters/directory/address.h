#pragma once
// E-mail addresses in the one form in which they are compared: trimmed, NFC, the local part in lower case (Unicode's,
// of no language), the domain in its ASCII form (UTS 46, non-transitional, by libidn2) in lower case.
//
// Accepted: dot-atoms of RFC 5322 with RFC 6531's letters; no quoted local parts, no address literals, no comments. The
// domain has at least two labels. Limits: 254 bytes (RFC 5321), 64 before the @.
// Cost: about 0.1 us for plain ASCII; libidn2 is asked only for domains that are not.

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace countersign::directory {

enum class AddressError { missing, invalid, too_long };
/// "email-missing", "email-invalid", "email-too-long".
std::string_view code_of(AddressError error);
/// A sentence for people.
std::string_view text_of(AddressError error);

struct NormalAddress {
  std::string text;
  AddressError error{};
  bool ok = false;
};

NormalAddress normalise_address(std::string_view typed);

}  // namespace countersign::directory
