#include "tools/countersign/profile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace countersign::cli {
namespace {

namespace json = boost::json;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

LocalError failed(const std::filesystem::path& file, const char* what) {
  return LocalError(file.string() + ": " + what + ": " + std::strerror(errno));
}

void write_all(int fd, const std::string& text, const std::filesystem::path& file) {
  for (std::size_t at = 0; at < text.size();) {
    const auto written = ::write(fd, text.data() + at, text.size() - at);
    if (written < 0) throw failed(file, "can't be written");
    at += static_cast<std::size_t>(written);
  }
}

}  // namespace

std::filesystem::path profile_path() {
  auto directory = environment("XDG_CONFIG_HOME");
  if (directory.empty()) {
    const auto home = environment("HOME");
    if (home.empty()) throw LocalError("Neither XDG_CONFIG_HOME nor HOME is set: use --server and --key-file.");
    directory = home + "/.config";
  }
  return std::filesystem::path(directory) / "countersign" / "profile.json";
}

std::optional<Profile> load_profile(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw failed(file, "can't be read");
  }
  if ((status.st_mode & 077) != 0)
    throw LocalError(file.string() + " holds a key and can be read by others: chmod 600 it, or log in again.");
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  try {
    const auto stored = json::parse(text).as_object();
    const auto field = [&](const char* name) {
      const auto* value = stored.if_contains(name);
      return value ? std::string(value->as_string()) : std::string();
    };
    return Profile{field("server"), field("key"), field("ca_file")};
  } catch (const std::exception&) {
    throw LocalError(file.string() + " is not a profile: remove it, or log in again.");
  }
}

void save_profile(const std::filesystem::path& file, const Profile& profile) {
  std::filesystem::create_directories(file.parent_path());
  auto fresh = file;
  fresh += ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) throw failed(fresh, "can't be made");
  const json::object stored{{"server", profile.server}, {"key", profile.key}, {"ca_file", profile.ca_file}};
  try {
    write_all(fd, json::serialize(stored) + '\n', fresh);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::fsync(fd);
  ::close(fd);
  if (::rename(fresh.c_str(), file.c_str()) != 0) throw failed(file, "can't be replaced");
}

std::string read_key_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!in || !std::getline(in, line)) throw LocalError(file.string() + ": no key can be read from this file.");
  const auto first = line.find_first_not_of(" \t\r"), last = line.find_last_not_of(" \t\r");
  if (first == std::string::npos) throw LocalError(file.string() + ": its first line is empty; a key was expected.");
  return line.substr(first, last - first + 1);
}

}  // namespace countersign::cli
