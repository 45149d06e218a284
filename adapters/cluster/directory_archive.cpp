#include "adapters/cluster/directory_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "adapters/keys/master_key.h"
#include "adapters/keys/store_files.h"

namespace countersign::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view greeting = "countersign-directory 1";
constexpr std::size_t longest_line = 512;

/// Only what a database calls its files: nothing that leads out of the directory.
bool is_file_name(std::string_view name) {
  constexpr std::string_view others = "._-";
  return !name.empty() && name.size() <= 255 && name.front() != '.' && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

// --- writing ---------------------------------------------------------------------------------------------------------

ArchiveWriter::ArchiveWriter(const fs::path& directory) : ready_(std::string(greeting) + "\n") {
  for (const auto& entry : fs::directory_iterator(directory)) files_.push_back(entry.path());
  std::ranges::sort(files_);
}

void ArchiveWriter::open_next() {
  if (at_ == files_.size()) {
    ready_ += "end " + std::to_string(files_.size()) + "\n";
    ended_ = true;
    return;
  }
  const auto& path = files_[at_++];
  left_ = fs::file_size(path);
  file_ = std::ifstream(path, std::ios::binary);
  if (!file_) throw std::runtime_error(path.string() + " can't be read");
  ready_ += "file " + std::to_string(left_) + " " + path.filename().string() + "\n";
}

std::string ArchiveWriter::next(std::size_t most) {
  std::string out = std::exchange(ready_, {});
  while (out.size() < most && !ended_) {
    if (!file_.is_open()) {
      open_next();
      out += std::exchange(ready_, {});
      if (ended_) break;
    }
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, most));
    const auto before = out.size();
    out.resize(before + wanted);
    if (!file_.read(out.data() + before, static_cast<std::streamsize>(wanted)))
      throw std::runtime_error(files_[at_ - 1].string() + " can't be read to its end");
    hash_.update(std::string_view(out).substr(before));
    left_ -= wanted;
    if (left_ > 0) continue;
    file_.close();
    out += "sha256 " + keys::hex(bus::view(hash_.finish())) + "\n";
  }
  return out;
}

// --- reading ---------------------------------------------------------------------------------------------------------

ArchiveReader::ArchiveReader(fs::path directory, std::uint64_t most_bytes)
    : directory_(std::move(directory)), most_bytes_(most_bytes) {
  if (!fs::create_directory(directory_)) refuse("the directory exists already");
}

ArchiveReader::~ArchiveReader() {
  if (file_ >= 0) ::close(file_);
}

void ArchiveReader::refuse(const std::string& what) const {
  throw std::runtime_error("a copy into " + directory_.string() + ": " + what);
}

void ArchiveReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_ == State::ended) refuse("something follows its end");
    if (state_ == State::content) {
      const auto piece = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
      for (std::string_view rest = piece; !rest.empty();) {
        const auto written = ::write(file_, rest.data(), rest.size());
        if (written < 0 && errno != EINTR) refuse(name_ + ": " + std::generic_category().message(errno));
        if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
      }
      hash_.update(piece);
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
      if (left_ == 0) state_ = State::digest;
      continue;
    }
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    if (line_.size() + part.size() > longest_line) refuse("a line is too long");
    line_ += part;
    if (end == bytes.npos) return;
    bytes.remove_prefix(end + 1);
    take_line(std::exchange(line_, {}));
  }
}

void ArchiveReader::take_line(std::string_view line) {
  if (state_ == State::greeting) {
    if (line != greeting) refuse("it doesn't begin as one");
    state_ = State::entry;
  } else if (state_ == State::digest) {
    end_file(line);
  } else if (take_prefix(line, "end ")) {
    if (number_in(line) != files_) refuse("it has another number of files than it says");
    keys::sync_directory(directory_);
    keys::sync_directory(directory_.parent_path());
    state_ = State::ended;
  } else {
    begin_file(line);
  }
}

void ArchiveReader::begin_file(std::string_view entry) {
  const auto size_end = take_prefix(entry, "file ") ? entry.find(' ') : entry.npos;
  const auto size = size_end == entry.npos ? std::nullopt : number_in(entry.substr(0, size_end));
  if (!size || !is_file_name(entry.substr(size_end + 1))) refuse("an entry can't be read");
  name_ = entry.substr(size_end + 1);
  if (*size > most_bytes_ - bytes_)
    refuse("it has more than the " + std::to_string(most_bytes_) + " bytes that there is room for");
  file_ = ::open((directory_ / name_).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file_ < 0) refuse(name_ + ": " + std::generic_category().message(errno));
  left_ = *size;
  bytes_ += *size;
  ++files_;
  state_ = left_ > 0 ? State::content : State::digest;
}

void ArchiveReader::end_file(std::string_view line) {
  const int file = std::exchange(file_, -1);
  const bool synced = ::fsync(file) == 0;
  if (::close(file) != 0 || !synced) refuse(name_ + ": " + std::generic_category().message(errno));
  if (!take_prefix(line, "sha256 ") || line != keys::hex(bus::view(hash_.finish())))
    refuse(name_ + " was changed on its way");
  state_ = State::entry;
}

}  // namespace countersign::cluster
