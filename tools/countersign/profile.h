#pragma once
// Where the CLI remembers server and key after `countersign login`: profile.json, a private file.

#include "tools/countersign/private_file.h"

namespace countersign::cli {

struct Profile {
  std::string server;
  std::string key;
  std::string ca_file;  ///< empty: the system's
};

/// Throws LocalError when neither XDG_CONFIG_HOME nor HOME is set.
std::filesystem::path profile_path();
/// Nothing when there is none. Throws LocalError when it can't be trusted or understood.
std::optional<Profile> load_profile(const std::filesystem::path& file);
void save_profile(const std::filesystem::path& file, const Profile& profile);

/// The key in a file: its first line, trimmed. Throws LocalError.
std::string read_key_file(const std::filesystem::path& file);

}  // namespace countersign::cli
