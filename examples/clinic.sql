-- Stays in a clinic, as its database may have them: 4,000 rows that no one is to see as they are. All of it is made up.
create schema clinic;
create table clinic.stays as
select i as stay_id,
       person as patient_id,
       (array['Ada', 'Alan', 'Grace', 'Kurt', 'Emmy', 'Max', 'Rosa', 'Niels'])[1 + person % 8] || ' '
           || (array['Lund', 'Berger', 'Moreau', 'Okoye', 'Silva', 'Novak', 'Keller'])[1 + person % 7] as full_name,
       'patient' || person || '@example.org' as email,
       '020 7946 ' || lpad((person % 1000)::text, 4, '0') as phone,
       date '1930-01-01' + person * 37 % 25000 as born,
       (array['f', 'm'])[1 + person % 2] as sex,
       date '2025-01-01' + i * 11 % 700 as admitted,
       (array['surgery', 'cardiology', 'oncology', 'geriatrics'])[1 + i * 7 % 4] as ward,
       1 + i * 13 % 21 as days,
       case when i % 9 > 0 then 60 + i * 17 % 60 end as pulse,
       (array['Short of breath', 'Fell at home', 'Chest pain', 'Fever since Monday', 'Dizzy when standing', 'No complaints', 'Tired'])[1 + i % 7]
           || (array['; lungs clear', '; a murmur', '; sleeps badly', '; walks alone', '; swollen ankles', '; lost weight'])[1 + i / 7 % 6]
           || (array[', go on as before', ', new tablets', ', to be seen in a week', ', X-ray ordered', ', blood taken'])[1 + i / 42 % 5]
           || '. Letter to patient' || person || '@example.org' || case when i % 50 = 0 then ', card ' || (array['4111 1111 1111 1111', '4012 8888 8888 1881', '5555 5555 5555 4444', '3782 822463 10005'])[1 + i / 50 % 4] else '' end as note,
       case when (i * 13 % 21) + i % 5 > 14 then 'yes' else 'no' end as readmitted
from (select i, 1 + i * 7919 % 1300 as person from generate_series(1, 4000) as i) as numbers;
