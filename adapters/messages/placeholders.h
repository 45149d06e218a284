#pragma once
// Texts with {{name}} in them. What a text names is checked when it is set, so that filling it in can't fail.

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace countersign::messages {

struct PlaceholderRule {
  std::span<const std::string_view> known;
  std::span<const std::string_view> required;  ///< each at least once
};

/// Empty, or what is wrong and where: "character 17: there is no {{code}}; known are {{otp}}, {{minutes}}". `text` must
/// be UTF-8. A "{{" that nothing closes is wrong; single brackets are text.
std::string placeholder_flaw(std::string_view text, const PlaceholderRule& rule);

/// The text with each {{name}} replaced by value_of(name), as it is: what values hold isn't looked at again.
std::string filled_in(std::string_view text, const std::function<std::string(std::string_view name)>& value_of);

}  // namespace countersign::messages
