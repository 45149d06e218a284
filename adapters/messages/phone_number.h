#pragma once
// Telephone numbers in the one form in which they are compared and sent: E.164, "+" and 7 to 15 digits, the first not
// 0.
//
// Nothing is known of any country's plan but what NumberPlan says; that a number exists is for the gateway to find out.

#include <string>
#include <string_view>

namespace countersign::messages {

/// How numbers without a country are meant. Empty: they are refused.
struct NumberPlan {
  std::string calling_code;  ///< "49"
  std::string trunk_prefix;  ///< what stands before national numbers and is left out after the calling code: "0"
};
/// Empty: it may be used, or is empty. Else what is wrong.
std::string flaw_in(const NumberPlan& plan);

struct NormalNumber {
  std::string text;   ///< "+4915123456767"
  std::string error;  ///< a sentence without the number; empty: all is well
};

/// Blanks, hyphens, dots, slashes and brackets are passed over; "00" before a country is "+"; "(0)" behind a country is
/// left out. `typed` may be anything.
NormalNumber normalise_number(std::string_view typed, const NumberPlan& plan = {});

/// For display: "+49******67". The stars don't tell how many digits there are. What is no normal form: stars only.
std::string masked_number(std::string_view normal);

}  // namespace countersign::messages
