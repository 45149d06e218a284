#pragma once
// The directory that an export is written to: files that are appended to, and how far they are, so that an export which
// was cut off goes on where it was. Files are readable for their owner only: what was personal stands in them.
//
// Operation: files are synced, then the progress that counts on them is replaced. Going on cuts files to what it says.
// Concurrency: one process; a second one is refused.

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "tools/replay/export/manifest.h"

namespace countersign::replay {

class ExportDirectory {
 public:
  /// Makes the directory if it isn't there. Throws std::runtime_error: it can't be written, another process has it, or
  /// it holds something else than an export of this question.
  ExportDirectory(std::filesystem::path directory, const ExportQuestion& question);
  ~ExportDirectory();
  ExportDirectory(const ExportDirectory&) = delete;
  ExportDirectory& operator=(const ExportDirectory&) = delete;

  /// What was begun before; nothing: it is a new export.
  const std::optional<Manifest>& begun() const { return begun_; }
  /// Everything is here already.
  bool is_whole() const { return whole_; }

  /// Before anything is appended to a new export: from then on it can go on.
  void begin(const Manifest& manifest);
  /// How much of a file was kept; 0: it begins with what is appended next.
  std::uint64_t kept_bytes(const std::string& file) const;
  void append(const std::string& file, std::string_view bytes);
  /// Everything that was appended is on disk, and so is how far that is.
  void keep(Manifest& manifest);
  /// Writes the manifest with the files' hashes; the progress goes.
  void finish(Manifest& manifest);

 private:
  struct File {
    int descriptor = -1;
    std::uint64_t bytes = 0;
    std::string unwritten;
  };
  File& open(const std::string& name);
  void write(File& file, const std::string& name);
  const std::filesystem::path directory_;
  int lock_ = -1;
  std::optional<Manifest> begun_;
  bool whole_ = false;
  std::map<std::string, File> files_;
};

}  // namespace countersign::replay
