// Directory exports: whatever the bytes and however they are cut, records come with lines that rise, and every person
// has passed the checks.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "adapters/directory/address.h"
#include "adapters/directory/csv_writer.h"
#include "adapters/directory/directory_reader.h"

using namespace countersign::directory;

namespace {

void read(DirectoryReader& reader, std::string_view bytes, std::size_t piece) {
  std::uint64_t line = 0;
  const auto take_all = [&] {
    while (const auto record = reader.next()) {
      if (record->line <= line) std::abort();
      line = record->line;
      const auto* const person = std::get_if<Person>(&record->outcome);
      if (person == nullptr) continue;
      if (normalise_address(person->email).text != person->email) std::abort();
      std::string cell;
      append_csv_cell(person->first_name, cell);
    }
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    take_all();
  }
  reader.finish();
  take_all();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = 1u + (data[0] >> 1);
  read(*(data[0] & 1 ? make_ndjson_reader() : make_csv_reader()), bytes, piece);
  return 0;
}
