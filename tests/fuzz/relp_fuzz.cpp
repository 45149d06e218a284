// What a RELP receiver answers, in any pieces: frames come out the same however they are cut, and what is no frame ends
// the reading.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "adapters/push/relp_frame.h"

using namespace countersign::push;

namespace {

std::vector<RelpFrame> read(std::string_view bytes, std::size_t piece) {
  std::vector<RelpFrame> frames;
  RelpReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.add(bytes.substr(at, piece));
    RelpFrame frame;
    auto state = RelpReader::State::frame;
    while ((state = reader.read(frame)) == RelpReader::State::frame) frames.push_back(frame);
    if (state == RelpReader::State::broken) break;
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read(bytes, size + 1), cut = read(bytes, 1 + size / 7);
  if (whole.size() != cut.size()) std::abort();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const auto& frame = whole[i];
    if (frame.number != cut[i].number || frame.command != cut[i].command || frame.data != cut[i].data) std::abort();
    if (frame.number > last_relp_number || frame.data.size() > RelpReader::most_data) std::abort();
    std::string again;
    append_relp_frame(again, frame.number, frame.command, frame.data);
    const auto reread = read(again, again.size());
    if (reread.size() != 1 || reread.front().data != frame.data) std::abort();
    if (const auto status = relp_status(frame.data); status && *status > 999) std::abort();
  }
  return 0;
}
