#pragma once
// A spooled import, read from its beginning to its end, as often as it is asked for. Memory: a chunk of the file and
// what the reader holds.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "adapters/directory/directory_reader.h"
#include "adapters/keys/secret_key.h"

namespace countersign::operations {

class SpooledDirectory {
 public:
  SpooledDirectory(std::filesystem::path file, keys::Key key, std::string content_type)
      : file_(std::move(file)), key_(std::move(key)), content_type_(std::move(content_type)) {}

  /// Whether `visit` has taken every record: it stops the reading by false. Throws std::runtime_error when the file
  /// can't be read or can't be understood as a whole.
  bool each(const std::function<bool(const directory::DirectoryRecord& record)>& visit);
  /// Columns that mean nothing to us, once the file was read to its end.
  const std::vector<std::string>& ignored() const { return ignored_; }

 private:
  const std::filesystem::path file_;
  const keys::Key key_;
  const std::string content_type_;
  std::vector<std::string> ignored_;
};

}  // namespace countersign::operations
