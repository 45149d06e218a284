#pragma once
// How long what is said about a person may be, in characters, however it comes: one by one or in a directory export.

#include <cstddef>

namespace countersign::directory {

inline constexpr std::size_t max_name_characters = 200;
inline constexpr std::size_t max_login_name_characters = 128;
inline constexpr std::size_t max_attribute_characters = 1024;
inline constexpr std::size_t max_attributes = 32;

}  // namespace countersign::directory
