"""Virtual SMIBs: devices, the fleet they form, the broker and the lab they run in (contract, sections 1 to 4)."""
