#include "bus/kafka_properties.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "bus/kafka_client.h"

namespace countersign::bus {
namespace {

constexpr std::uintmax_t most_file_bytes = 1 << 20;

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<KafkaProperties::value_type> property_in(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == text.npos || equals == 0) return std::nullopt;
  return KafkaProperties::value_type{text.substr(0, equals), text.substr(equals + 1)};
}

KafkaProperties read_properties(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why) {
    return KafkaRefused(errc::unavailable, "the file of Kafka properties " + file.string() + ": " + why);
  };
  std::ifstream in(file);
  struct stat status {};
  if (!in || ::stat(file.c_str(), &status) != 0) throw refuse(std::string("it can't be read: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw refuse("it is not a regular file");
  if (static_cast<std::uintmax_t>(status.st_size) > most_file_bytes) throw refuse("it has more than 1 MiB");
  KafkaProperties properties;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const auto text = without_blanks(line);
    if (text.empty() || text.front() == '#') continue;
    const auto found = property_in(text);
    if (!found) throw refuse("line " + std::to_string(number) + ": name=value is expected");
    const std::string name(without_blanks(found->first));
    if (is_secret_property(name) && (status.st_mode & S_IROTH) != 0)
      throw refuse("it holds " + name + " and everybody may read it; run: chmod 600 " + file.string());
    properties[name] = without_blanks(found->second);
  }
  if (in.bad()) throw refuse("it can't be read to its end");
  return properties;
}

}  // namespace

KafkaProperties kafka_properties(const std::vector<std::string>& given, const std::filesystem::path& file) {
  auto properties = file.empty() ? KafkaProperties{} : read_properties(file);
  for (const auto& text : given) {
    auto property = property_in(text);
    if (!property) throw KafkaRefused(errc::unavailable, "a Kafka property: name=value is expected");
    properties.insert_or_assign(property->first, std::move(property->second));
  }
  return properties;
}

bool is_secret_property(std::string_view name) {
  return name.find("password") != name.npos || name.find("secret") != name.npos || name == "ssl.key.pem" ||
         name == "sasl.oauthbearer.config";
}

}  // namespace countersign::bus
