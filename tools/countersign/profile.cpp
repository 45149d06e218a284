#include "tools/countersign/profile.h"

#include <boost/json.hpp>
#include <fstream>

namespace countersign::cli {

namespace json = boost::json;

std::filesystem::path profile_path() {
  return private_path("profile.json");
}

std::optional<Profile> load_profile(const std::filesystem::path& file) {
  const auto text = read_private_file(file);
  if (!text) return std::nullopt;
  try {
    const auto stored = json::parse(*text).as_object();
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
  const json::object stored{{"server", profile.server}, {"key", profile.key}, {"ca_file", profile.ca_file}};
  write_private_file(file, json::serialize(stored) + '\n');
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
