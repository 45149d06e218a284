#pragma once
// Files with secrets that belong to one person: mode 0600, written whole and renamed; one that others can read is
// refused.

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace countersign::cli {

/// Something on this machine is not as it must be; the text says what and where.
class LocalError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// $XDG_CONFIG_HOME/countersign/NAME, else ~/.config/countersign/NAME. Throws LocalError when neither it nor HOME is
/// set.
std::filesystem::path private_path(std::string_view name);
/// Nothing when there is none. Throws LocalError when it can't be read, or can be by others.
std::optional<std::string> read_private_file(const std::filesystem::path& file);
/// Durable when it returns. Throws LocalError.
void write_private_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace countersign::cli
