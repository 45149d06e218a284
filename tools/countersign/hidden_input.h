#pragma once
// A secret that somebody types: not shown on a terminal; from anything else the next line.

#include <string>

namespace countersign::cli {

bool is_typed_at_a_terminal();
/// `prompt` goes to stderr, on a terminal only.
std::string ask_hidden(const std::string& prompt);

}  // namespace countersign::cli
