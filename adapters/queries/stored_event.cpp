#include "adapters/queries/stored_event.h"

#include <stdexcept>
#include <string>

namespace countersign::queries {

domain::EventView stored_event(std::string_view bytes, bus::FrameNumber frame) {
  const auto event = domain::EventView::parse(bytes);
  if (!event)
    throw std::runtime_error("views: an event of frame " + std::to_string(bus::value(frame)) + " can't be read");
  return *event;
}

}  // namespace countersign::queries
