#pragma once
// A directory below the machine's temporary one that only this user can read and that goes with the object.

#include <filesystem>

namespace countersign::replay {

class Scratch {
 public:
  /// Throws std::runtime_error.
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace countersign::replay
