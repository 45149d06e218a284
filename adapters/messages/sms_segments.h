#pragma once
// How many segments a text takes as SMS, which is what gateways charge for (3GPP TS 23.038, TS 23.040).
//
// Texts of the GSM 7-bit default alphabet and its extension table: 160 septets in one, else 153 in each; characters of
// the extension table take two, which stay together. All others as UCS-2: 70 units in one, else 67; a surrogate pair
// stays together. National language shift tables aren't counted with: few gateways use them.

#include <cstddef>
#include <string_view>

namespace countersign::messages {

enum class SmsAlphabet { gsm_7bit, ucs_2 };

struct SmsSize {
  SmsAlphabet alphabet = SmsAlphabet::gsm_7bit;
  std::size_t units = 0;     ///< septets, or UTF-16 units
  std::size_t segments = 0;  ///< 0: the text is empty
};

/// `text` must be UTF-8.
SmsSize sms_size(std::string_view text);

}  // namespace countersign::messages
