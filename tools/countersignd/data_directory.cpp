#include "tools/countersignd/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "adapters/keys/random.h"
#include "adapters/keys/store_files.h"
#include "domain/secret_text.h"

namespace countersign::server {
namespace {

namespace fs = std::filesystem;

std::string read_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!in || !std::getline(in, line)) throw StartRefused("the root key file " + file.string() + " can't be read");
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

void write_secret(const fs::path& file, const std::string& text) {
  if (const auto error = keys::replace_file(file, text + "\n"))
    throw StartRefused("the root key can't be written to " + file.string() + ": " + error.message());
}

}  // namespace

DataDirectory::DataDirectory(fs::path path) : path_(fs::absolute(std::move(path))) {
  std::error_code error;
  const bool fresh = fs::create_directories(path_, error);
  if (error) throw StartRefused("the data directory " + path_.string() + " can't be made: " + error.message());
  if (fresh) fs::permissions(path_, fs::perms::owner_all);
  const auto file = path_ / "lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0)
    throw StartRefused("the data directory " + path_.string() + " can't be written: " + std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock_);
    throw StartRefused("the data directory " + path_.string() + " is in use by another process");
  }
}

DataDirectory::~DataDirectory() {
  ::close(lock_);
}

bool DataDirectory::has_log() const {
  return fs::exists(log() / "db") || fs::exists(log() / "anchor");
}

fs::path DataDirectory::master_key_file(const Settings& settings) const {
  return settings.master_key_file.empty() ? path_ / "master-key" : fs::path(settings.master_key_file);
}

std::string DataDirectory::root_key(const Settings& settings, std::string& origin) const {
  std::string text;
  const auto file = settings.root_key_file.empty() ? path_ / "root-key" : fs::path(settings.root_key_file);
  if (!settings.root_key.empty()) {
    origin = "the settings";
    text = settings.root_key;
  } else if (!settings.root_key_file.empty() || (fs::exists(file) && !settings.new_root_key)) {
    origin = file.string();
    text = read_line(file);
  } else {
    origin = file.string();
    text = domain::make_bearer(domain::BearerKind::root_key, 0, keys::random_bytes<32>());
    write_secret(file, text);
  }
  if (!is_root_key(text))
    throw StartRefused("the root key from " + origin +
                       " must have 16 to 256 characters and no blanks, and not look like an account's API key");
  return text;
}

}  // namespace countersign::server
