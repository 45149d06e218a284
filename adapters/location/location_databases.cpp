#include "adapters/location/location_databases.h"

#include <maxminddb.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

namespace countersign::location {
namespace {

constexpr std::size_t most_bytes = 128;  // of a name in an event
constexpr std::size_t mapped_prefix = std::string_view("::ffff:").size();

class Database {
 public:
  explicit Database(const std::filesystem::path& file) {
    const int status = MMDB_open(file.c_str(), MMDB_MODE_MMAP, &database_);
    if (status == MMDB_SUCCESS) return;
    const bool system = status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR;
    throw std::runtime_error("location database " + file.string() + ": " +
                             (system ? std::strerror(errno) : MMDB_strerror(status)));
  }
  ~Database() { MMDB_close(&database_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// The record of an address; nothing when there is none.
  std::optional<MMDB_entry_s> find(const std::string& address) const {
    int text_error = 0, error = MMDB_SUCCESS;
    // Not every database knows that these are IPv4 addresses.
    const auto* text = address.starts_with("::ffff:") ? address.c_str() + mapped_prefix : address.c_str();
    auto found = MMDB_lookup_string(&database_, text, &text_error, &error);
    if (text_error != 0 || error != MMDB_SUCCESS || !found.found_entry) return std::nullopt;
    return found.entry;
  }

 private:
  MMDB_s database_{};
};

std::string text_at(MMDB_entry_s entry, const char* const* path) {
  MMDB_entry_data_s value{};
  if (MMDB_aget_value(&entry, &value, path) != MMDB_SUCCESS || !value.has_data ||
      value.type != MMDB_DATA_TYPE_UTF8_STRING)
    return {};
  std::string_view text(value.utf8_string, value.data_size);
  if (text.size() > most_bytes) {
    auto end = most_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end);
  }
  return std::string(text);
}

std::uint32_t number_at(MMDB_entry_s entry, const char* const* path) {
  MMDB_entry_data_s value{};
  if (MMDB_aget_value(&entry, &value, path) != MMDB_SUCCESS || !value.has_data) return 0;
  return value.type == MMDB_DATA_TYPE_UINT32 ? value.uint32 : value.type == MMDB_DATA_TYPE_UINT16 ? value.uint16 : 0;
}

std::uint16_t country_of(const std::string& code) {
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (code.size() != 2 || !is_letter(code[0]) || !is_letter(code[1])) return 0;
  return static_cast<std::uint16_t>(code[0] << 8 | code[1]);
}

constexpr const char* country_path[] = {"country", "iso_code", nullptr};
constexpr const char* registered_path[] = {"registered_country", "iso_code", nullptr};
constexpr const char* city_path[] = {"city", "names", "en", nullptr};
constexpr const char* number_path[] = {"autonomous_system_number", nullptr};
constexpr const char* organization_path[] = {"autonomous_system_organization", nullptr};

}  // namespace

struct LocationDatabases::Open {
  std::unique_ptr<const Database> cities, systems;
};

LocationDatabases::LocationDatabases(std::filesystem::path cities, std::filesystem::path systems)
    : cities_path_(std::move(cities)), systems_path_(std::move(systems)), open_(open()) {}

LocationDatabases::~LocationDatabases() = default;

std::shared_ptr<const LocationDatabases::Open> LocationDatabases::open() const {
  auto opened = std::make_shared<Open>();
  if (!cities_path_.empty()) opened->cities = std::make_unique<const Database>(cities_path_);
  if (!systems_path_.empty()) opened->systems = std::make_unique<const Database>(systems_path_);
  return opened;
}

commands::Location LocationDatabases::locate(const std::string& address) const {
  std::shared_ptr<const Open> opened;
  {
    const std::lock_guard lock(mutex_);
    opened = open_;
  }
  commands::Location location;
  if (opened->cities) {
    if (const auto entry = opened->cities->find(address)) {
      location.country = country_of(text_at(*entry, country_path));
      // Of networks that are nowhere in particular (satellites, proxies) only where they are registered is known.
      if (location.country == 0) location.country = country_of(text_at(*entry, registered_path));
      location.city = text_at(*entry, city_path);
    }
  }
  if (opened->systems) {
    if (const auto entry = opened->systems->find(address)) {
      location.as_number = number_at(*entry, number_path);
      location.as_organization = text_at(*entry, organization_path);
    }
  }
  return location;
}

std::optional<std::string> LocationDatabases::reload() {
  try {
    auto fresh = open();
    const std::lock_guard lock(mutex_);
    open_ = std::move(fresh);
    return std::nullopt;
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}

}  // namespace countersign::location
