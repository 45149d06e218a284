#pragma once
// Where the CLI remembers server and key after `countersign login`: $XDG_CONFIG_HOME/countersign/profile.json, else
// ~/.config/countersign/profile.json. Mode 0600, written whole and renamed. A profile that others can read is refused.

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

namespace countersign::cli {

struct Profile {
  std::string server;
  std::string key;
  std::string ca_file;  ///< empty: the system's
};

/// Something on this machine is not as it must be; the text says what and where.
class LocalError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws LocalError when neither XDG_CONFIG_HOME nor HOME is set.
std::filesystem::path profile_path();
/// Nothing when there is none. Throws LocalError when it can't be trusted or understood.
std::optional<Profile> load_profile(const std::filesystem::path& file);
void save_profile(const std::filesystem::path& file, const Profile& profile);

/// The key in a file: its first line, trimmed. Throws LocalError.
std::string read_key_file(const std::filesystem::path& file);

}  // namespace countersign::cli
