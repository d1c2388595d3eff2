"""Virtual SMIBs: devices, their fleet, the broker and the lab they run in (contract, sections 1 to 4)."""
