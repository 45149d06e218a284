#pragma once
// A whole file as bytes, read in one go: char by char takes minutes where a sanitizer watches every access.

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace countersign::testing {

/// None: it can't be opened.
inline std::optional<std::string> file_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace countersign::testing
