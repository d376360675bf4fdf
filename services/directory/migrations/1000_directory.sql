-- Agencies, what they offer, and all that was imported with them. No person's data is here, so no
-- table stands behind row-level security. Nothing is ever deleted: what an import leaves out is
-- marked as gone.

CREATE TABLE agency (
    id uuid PRIMARY KEY,
    source_id text CONSTRAINT agency_source_once UNIQUE,
    display_name text NOT NULL CHECK (display_name <> ''),
    -- Short enough for a page token; ties are broken by id.
    name_key text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (lower(left(display_name, 100))) STORED,
    sector text NOT NULL,
    status text NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED')),
    parent_id uuid REFERENCES agency CHECK (parent_id <> id),
    part2_program boolean NOT NULL,
    victim_service_provider boolean NOT NULL,
    covered_entity boolean NOT NULL,
    description text NOT NULL,
    published jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    revision bigint NOT NULL CONSTRAINT agency_revision_once UNIQUE CHECK (revision > 0)
);
COMMENT ON TABLE agency IS 'Agencies, and units of agencies with flags of their own.';
COMMENT ON COLUMN agency.id IS 'agencies/{id}.';
COMMENT ON COLUMN agency.source_id IS 'The organization''s id in the HSDS tables it was imported from; null: registered.';
COMMENT ON COLUMN agency.display_name IS 'What people call it.';
COMMENT ON COLUMN agency.name_key IS 'What lists are ordered by.';
COMMENT ON COLUMN agency.sector IS 'A code of the kernel''s list.';
COMMENT ON COLUMN agency.status IS 'ACTIVE, or SUSPENDED by the network.';
COMMENT ON COLUMN agency.parent_id IS 'The agency that this is a unit of.';
COMMENT ON COLUMN agency.part2_program IS 'A federally assisted SUD program. Set by the network only.';
COMMENT ON COLUMN agency.victim_service_provider IS 'As VAWA defines it. Set by the network only.';
COMMENT ON COLUMN agency.covered_entity IS 'Under HIPAA. Set by the network only.';
COMMENT ON COLUMN agency.description IS 'What it does.';
COMMENT ON COLUMN agency.published IS 'What its source says besides, and whole where the columns hold less.';
COMMENT ON COLUMN agency.version IS 'Changes with every change: the etag.';
COMMENT ON COLUMN agency.revision IS 'The directory''s revision of its last change, from the row-locked counter.';
CREATE INDEX agency_by_name ON agency (name_key, id);

CREATE TABLE agency_binding (
    agency_id uuid NOT NULL REFERENCES agency,
    issuer text NOT NULL CHECK (issuer <> ''),
    client_id text NOT NULL CHECK (client_id <> ''),
    PRIMARY KEY (agency_id, issuer, client_id)
);
COMMENT ON TABLE agency_binding IS 'Who speaks for an agency. One client may speak for several: a token names which.';
COMMENT ON COLUMN agency_binding.agency_id IS 'For which agency.';
COMMENT ON COLUMN agency_binding.issuer IS 'The issuer of the tokens, as its iss claim spells it.';
COMMENT ON COLUMN agency_binding.client_id IS 'A client of that issuer.';
SELECT append_only('agency_binding');

CREATE TABLE suspension (
    event_id uuid PRIMARY KEY,
    agency_id uuid NOT NULL REFERENCES agency,
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL
);
COMMENT ON TABLE suspension IS 'Why agencies were suspended; by whom, the audit event says.';
COMMENT ON COLUMN suspension.event_id IS 'The audit event of the suspension.';
COMMENT ON COLUMN suspension.agency_id IS 'Which agency.';
COMMENT ON COLUMN suspension.reason IS 'In the administrator''s words; never shown to the agency.';
COMMENT ON COLUMN suspension.at IS 'When.';
SELECT append_only('suspension');

CREATE TABLE service (
    id uuid PRIMARY KEY,
    agency_id uuid NOT NULL REFERENCES agency,
    source_id text,
    display_name text NOT NULL CHECK (display_name <> ''),
    name_key text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (lower(left(display_name, 100))) STORED,
    description text NOT NULL,
    need_categories text[] NOT NULL,
    languages text[] NOT NULL,
    support_kinds integer NOT NULL CHECK (support_kinds >= 0),
    eligibility text NOT NULL,
    application_process text NOT NULL,
    fees text NOT NULL,
    listed boolean NOT NULL,
    published jsonb NOT NULL DEFAULT '{}',
    capacity_status text,
    capacity_available integer CHECK (capacity_available >= 0),
    capacity_unit text,
    capacity_as_of timestamptz,
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    CONSTRAINT service_source_once UNIQUE (agency_id, source_id),
    CONSTRAINT service_capacity_whole CHECK (num_nonnulls(
        capacity_status, capacity_available, capacity_unit, capacity_as_of) IN (0, 4))
);
COMMENT ON TABLE service IS 'What agencies offer.';
COMMENT ON COLUMN service.id IS 'services/{id}.';
COMMENT ON COLUMN service.agency_id IS 'Whose it is.';
COMMENT ON COLUMN service.source_id IS 'Its id in the HSDS tables; null: added by its agency.';
COMMENT ON COLUMN service.display_name IS 'What people call it.';
COMMENT ON COLUMN service.name_key IS 'What lists are ordered by.';
COMMENT ON COLUMN service.description IS 'What it is.';
COMMENT ON COLUMN service.need_categories IS 'Open Eligibility codes.';
COMMENT ON COLUMN service.languages IS 'As published.';
COMMENT ON COLUMN service.support_kinds IS 'Mask over the list of support kinds, in its order.';
COMMENT ON COLUMN service.eligibility IS 'Who may use it, in words.';
COMMENT ON COLUMN service.application_process IS 'How to apply, in words.';
COMMENT ON COLUMN service.fees IS 'What it costs, in words.';
COMMENT ON COLUMN service.listed IS 'Whether searches find it: its source says that it is offered.';
COMMENT ON COLUMN service.published IS 'What its source says besides, and whole where the columns hold less.';
COMMENT ON COLUMN service.capacity_status IS 'A code; null: never stated.';
COMMENT ON COLUMN service.capacity_available IS 'Units free.';
COMMENT ON COLUMN service.capacity_unit IS 'What is counted.';
COMMENT ON COLUMN service.capacity_as_of IS 'When that was stated.';
COMMENT ON COLUMN service.version IS 'Changes with every change: the etag.';
CREATE INDEX service_by_name ON service (name_key, id) WHERE listed;

-- What hangs below an imported organization, keyed by the ids of its source within it: no
-- organization can change what another published. A location that several organizations use
-- stands in each.

CREATE TABLE location (
    agency_id uuid NOT NULL REFERENCES agency,
    source_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('physical', 'postal', 'virtual')),
    maintained_by text,
    name text,
    alternate_name text,
    description text,
    transportation text,
    url text,
    latitude double precision,
    longitude double precision,
    external_identifier text,
    external_identifier_type text,
    gone boolean NOT NULL,
    PRIMARY KEY (agency_id, source_id)
);
COMMENT ON TABLE location IS 'Where organizations are, and where they offer services.';
COMMENT ON COLUMN location.agency_id IS 'The organization.';
COMMENT ON COLUMN location.source_id IS 'Its id in the HSDS tables.';
COMMENT ON COLUMN location.kind IS 'physical, postal or virtual.';
COMMENT ON COLUMN location.maintained_by IS 'Source id of the organization that keeps its particulars.';
COMMENT ON COLUMN location.name IS 'Its name.';
COMMENT ON COLUMN location.alternate_name IS 'Another name.';
COMMENT ON COLUMN location.description IS 'What it is.';
COMMENT ON COLUMN location.transportation IS 'How to get there.';
COMMENT ON COLUMN location.url IS 'Its web address.';
COMMENT ON COLUMN location.latitude IS 'Degrees, WGS 84.';
COMMENT ON COLUMN location.longitude IS 'Degrees, WGS 84.';
COMMENT ON COLUMN location.external_identifier IS 'Its id in another register.';
COMMENT ON COLUMN location.external_identifier_type IS 'Which register.';
COMMENT ON COLUMN location.gone IS 'The source no longer has it.';

CREATE TABLE service_at_location (
    agency_id uuid NOT NULL REFERENCES agency,
    source_id text NOT NULL,
    service_source_id text NOT NULL,
    location_source_id text NOT NULL,
    description text,
    gone boolean NOT NULL,
    PRIMARY KEY (agency_id, source_id)
);
COMMENT ON TABLE service_at_location IS 'Which service is offered where.';
COMMENT ON COLUMN service_at_location.agency_id IS 'The organization.';
COMMENT ON COLUMN service_at_location.source_id IS 'Its id in the HSDS tables.';
COMMENT ON COLUMN service_at_location.service_source_id IS 'The service.';
COMMENT ON COLUMN service_at_location.location_source_id IS 'The location.';
COMMENT ON COLUMN service_at_location.description IS 'What is particular to it.';
COMMENT ON COLUMN service_at_location.gone IS 'The source no longer has it.';

CREATE TABLE address (
    agency_id uuid NOT NULL REFERENCES agency,
    source_id text NOT NULL,
    location_source_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('physical', 'postal', 'virtual')),
    attention text,
    address_1 text NOT NULL,
    address_2 text,
    city text NOT NULL,
    region text,
    state_province text NOT NULL,
    postal_code text NOT NULL,
    country text NOT NULL,
    gone boolean NOT NULL,
    PRIMARY KEY (agency_id, source_id)
);
COMMENT ON TABLE address IS 'Addresses of locations.';
COMMENT ON COLUMN address.agency_id IS 'The organization.';
COMMENT ON COLUMN address.source_id IS 'Its id in the HSDS tables.';
COMMENT ON COLUMN address.location_source_id IS 'The location.';
COMMENT ON COLUMN address.kind IS 'physical, postal or virtual.';
COMMENT ON COLUMN address.attention IS 'To whose attention.';
COMMENT ON COLUMN address.address_1 IS 'First line.';
COMMENT ON COLUMN address.address_2 IS 'Second line.';
COMMENT ON COLUMN address.city IS 'City.';
COMMENT ON COLUMN address.region IS 'Region.';
COMMENT ON COLUMN address.state_province IS 'State or province.';
COMMENT ON COLUMN address.postal_code IS 'Postal code.';
COMMENT ON COLUMN address.country IS 'ISO 3166-1, two letters.';
COMMENT ON COLUMN address.gone IS 'The source no longer has it.';

CREATE TABLE phone (
    agency_id uuid NOT NULL REFERENCES agency,
    source_id text NOT NULL,
    owner_kind text NOT NULL,
    owner_source_id text NOT NULL,
    number text NOT NULL,
    extension text,
    kind text,
    description text,
    gone boolean NOT NULL,
    PRIMARY KEY (agency_id, source_id)
);
COMMENT ON TABLE phone IS 'Telephone numbers.';
COMMENT ON COLUMN phone.agency_id IS 'The organization.';
COMMENT ON COLUMN phone.source_id IS 'Its id in the HSDS tables.';
COMMENT ON COLUMN phone.owner_kind IS 'Whose: organization, service, location, service_at_location or contact.';
COMMENT ON COLUMN phone.owner_source_id IS 'The owner''s id in the HSDS tables.';
COMMENT ON COLUMN phone.number IS 'As published.';
COMMENT ON COLUMN phone.extension IS 'Extension.';
COMMENT ON COLUMN phone.kind IS 'voice, fax, tty and so on, as published.';
COMMENT ON COLUMN phone.description IS 'What it is for.';
COMMENT ON COLUMN phone.gone IS 'The source no longer has it.';

CREATE TABLE language (
    agency_id uuid NOT NULL REFERENCES agency,
    source_id text NOT NULL,
    owner_kind text NOT NULL,
    owner_source_id text NOT NULL,
    name text,
    code text,
    note text,
    gone boolean NOT NULL,
    PRIMARY KEY (agency_id, source_id)
);
COMMENT ON TABLE language IS 'Languages spoken at a service, a location or a telephone.';
COMMENT ON COLUMN language.agency_id IS 'The organization.';
COMMENT ON COLUMN language.source_id IS 'Its id in the HSDS tables.';
COMMENT ON COLUMN language.owner_kind IS 'service, location or phone.';
COMMENT ON COLUMN language.owner_source_id IS 'The owner''s id in the HSDS tables.';
COMMENT ON COLUMN language.name IS 'As published.';
COMMENT ON COLUMN language.code IS 'ISO 639 or BCP 47.';
COMMENT ON COLUMN language.note IS 'As published.';
COMMENT ON COLUMN language.gone IS 'The source no longer has it.';

CREATE TABLE taxonomy_term (
    agency_id uuid NOT NULL REFERENCES agency,
    source_id text NOT NULL,
    code text,
    name text NOT NULL,
    taxonomy text,
    gone boolean NOT NULL,
    PRIMARY KEY (agency_id, source_id)
);
COMMENT ON TABLE taxonomy_term IS 'Terms by which an organization''s entries are classified.';
COMMENT ON COLUMN taxonomy_term.agency_id IS 'The organization.';
COMMENT ON COLUMN taxonomy_term.source_id IS 'Its id in the HSDS tables.';
COMMENT ON COLUMN taxonomy_term.code IS 'Its code in the taxonomy.';
COMMENT ON COLUMN taxonomy_term.name IS 'Its name.';
COMMENT ON COLUMN taxonomy_term.taxonomy IS 'The taxonomy''s name.';
COMMENT ON COLUMN taxonomy_term.gone IS 'The source no longer uses it for this organization.';

CREATE TABLE attribute (
    agency_id uuid NOT NULL REFERENCES agency,
    source_id text NOT NULL,
    owner_kind text NOT NULL,
    owner_source_id text NOT NULL,
    term_source_id text NOT NULL,
    link_type text,
    value text,
    label text,
    gone boolean NOT NULL,
    PRIMARY KEY (agency_id, source_id)
);
COMMENT ON TABLE attribute IS 'Which term applies to what.';
COMMENT ON COLUMN attribute.agency_id IS 'The organization.';
COMMENT ON COLUMN attribute.source_id IS 'Its id in the HSDS tables.';
COMMENT ON COLUMN attribute.owner_kind IS 'organization, service, location or service_at_location.';
COMMENT ON COLUMN attribute.owner_source_id IS 'The owner''s id in the HSDS tables.';
COMMENT ON COLUMN attribute.term_source_id IS 'The term.';
COMMENT ON COLUMN attribute.link_type IS 'How it applies, as published.';
COMMENT ON COLUMN attribute.value IS 'As published.';
COMMENT ON COLUMN attribute.label IS 'As published.';
COMMENT ON COLUMN attribute.gone IS 'The source no longer has it.';

-- Kinds of HSDS rows that no query asks for yet. One that gets a query gets a table.
CREATE TABLE detail (
    agency_id uuid NOT NULL REFERENCES agency,
    kind text NOT NULL,
    source_id text NOT NULL,
    owner_kind text NOT NULL,
    owner_source_id text NOT NULL,
    content jsonb NOT NULL,
    gone boolean NOT NULL,
    PRIMARY KEY (agency_id, kind, source_id)
);
COMMENT ON TABLE detail IS 'Contacts, schedules, areas, costs, documents and the like, as published.';
COMMENT ON COLUMN detail.agency_id IS 'The organization.';
COMMENT ON COLUMN detail.kind IS 'The HSDS table that it stands in.';
COMMENT ON COLUMN detail.source_id IS 'Its id in that table.';
COMMENT ON COLUMN detail.owner_kind IS 'organization, service, location or service_at_location.';
COMMENT ON COLUMN detail.owner_source_id IS 'The owner''s id in the HSDS tables.';
COMMENT ON COLUMN detail.content IS 'The columns that are filled, by their HSDS names.';
COMMENT ON COLUMN detail.gone IS 'The source no longer has it.';
