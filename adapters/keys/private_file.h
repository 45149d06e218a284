#pragma once
// Files that hold a secret: regular, and used by nobody but their owner. systemd's credentials are taken, too, though
// an ACL for the service shows as group permission there.

#include <filesystem>
#include <string>

#include "adapters/keys/error.h"

namespace countersign::keys {

/// The file's bytes, `most_bytes` + 1 of them at most, so that the caller sees that it is too long. Throws StartError:
/// `what`, the file and the reason; if there is no such file, with `advice`.
std::string read_private_file(const std::string& what, const std::filesystem::path& file, std::size_t most_bytes,
                              const std::string& advice = {});

}  // namespace countersign::keys
