#pragma once
// The body of a request as it waits on disk, sealed, until an operation has worked through it.

#include <filesystem>
#include <functional>
#include <string_view>

#include "adapters/keys/secret_key.h"

namespace countersign::operations {

/// Piece by piece; `last`: nothing comes behind it. Whether `visit` has taken every piece: it stops the reading by
/// false. Throws std::runtime_error when the file can't be read.
bool each_piece(const std::filesystem::path& file, const keys::Key& key,
                const std::function<bool(std::string_view text, bool last)>& visit);

}  // namespace countersign::operations
