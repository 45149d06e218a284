#pragma once
// Changing the master key or the signing key of a stopped installation. The master key: the new key lies durable in its
// file before the store is wrapped anew, so a crash leaves a store that opens with one of the two files, and doing it
// again ends it.

#include <filesystem>
#include <string>
#include <vector>

namespace countersign::key_tool {

struct MasterChange {
  std::filesystem::path data_directory;
  std::filesystem::path old_file;  ///< empty: <data-directory>/master-key
  std::filesystem::path new_file;  ///< made unless it exists
};

/// What was done, for people. Throws std::runtime_error: the directory is in use, or a key doesn't fit.
std::string change_master(const MasterChange& change);

/// A new signing key of a stopped installation; the former public key stays known. What was done, for people. Throws
/// std::runtime_error.
std::string change_signing(const std::filesystem::path& data_directory, const std::filesystem::path& master_file);

/// Ids of the keys in a store, a line each; no secrets.
std::vector<std::string> key_ids(const std::filesystem::path& data_directory, const std::filesystem::path& master_file);

}  // namespace countersign::key_tool
