#pragma once
// Text from elsewhere on its way to a terminal. What others wrote may hold control characters that move the cursor or
// bidirectional ones that make a line read differently from what it is: both are shown as \u{..}, so that what stands
// on the screen is what was sent.

#include <string>
#include <string_view>

namespace countersign::cli {

/// Control, bidirectional, zero-width and invalid characters as \u{202e} or \x{ff}; the rest unchanged.
std::string escaped(std::string_view text);
/// The same for text that is JSON: \u202e, so that it still parses to the same values. Line breaks stay.
std::string escaped_json(std::string_view json);
/// Columns on a terminal (East Asian wide characters take two).
std::size_t width(std::string_view escaped_text);
/// At most `columns` wide, with an ellipsis when something was cut off.
std::string shortened(std::string_view escaped_text, std::size_t columns);

}  // namespace countersign::cli
