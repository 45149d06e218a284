// Prints of each type of event what it consists of: name, payload and sealed fields, a line each with TABs between, for
// events_test.py, which takes the payload's fields from the schema.

#include <iostream>

#include "domain/event_catalogue.h"
#include "domain/event_shape.h"

int main() {
  using namespace countersign::domain;
  for (const auto& name : event_catalogue()) {
    const auto* shape = shape_of(name.type);
    if (!shape) {
      std::cerr << "no shape: " << name.name << '\n';
      return 1;
    }
    std::cout << name.name << '\t' << fb::EnumNamePayload(shape->payload) << '\t' << shape->sealed << '\n';
  }
}
