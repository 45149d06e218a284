#pragma once
// Where source addresses are, from databases that the operator supplies in MaxMind's format (MaxMind DB File Format
// Specification 2.0): one with countries and cities (GeoLite2-City, or -Country), one with autonomous systems
// (GeoLite2-ASN). Databases of others in the same format with the same names of fields do as well.
//
// The files are mapped into memory: whoever brings a newer one puts it there under another name and renames it, as
// geoipupdate does, then has the server read it again.
//
// Concurrency: any thread.

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/commands/event_writer.h"

namespace countersign::location {

class LocationDatabases {
 public:
  /// An empty path: there is none of this kind. Throws std::runtime_error naming the file and what is wrong with it.
  LocationDatabases(std::filesystem::path cities, std::filesystem::path systems);
  ~LocationDatabases();

  bool empty() const { return cities_path_.empty() && systems_path_.empty(); }
  /// What isn't known stays empty: also for what is no address.
  commands::Location locate(const std::string& address) const;
  /// Opens the files again. Nothing on success, else the reason; then the old ones stay.
  std::optional<std::string> reload();

 private:
  struct Open;
  std::shared_ptr<const Open> open() const;

  const std::filesystem::path cities_path_, systems_path_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Open> open_;
};

}  // namespace countersign::location
